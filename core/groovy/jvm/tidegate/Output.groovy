package tidegate

import groovy.transform.CompileStatic

/** Stands in for stdout and stderr: what a thread prints goes to the request that it decodes, and else nowhere. */
@CompileStatic
class Output extends OutputStream {
    /** The real stdout, on which the engine listens. */
    static final PrintStream ENGINE = System.out
    private static final ThreadLocal<RequestLog> LOG = new ThreadLocal<RequestLog>()

    static void install() {
        PrintStream stream = new PrintStream(new Output(), true, "UTF-8")
        System.setOut(stream)
        System.setErr(stream)
        System.setIn(new ByteArrayInputStream(new byte[0]))
    }

    /** From now on this thread prints to `log`. */
    static void redirect(RequestLog log) {
        LOG.set(log)
    }

    /** One line of JSON to the engine. */
    static void tellEngine(String json) {
        synchronized (ENGINE) {
            ENGINE.println(json)
            ENGINE.flush()
        }
    }

    @Override
    void write(int one) {
        write([(byte) one] as byte[], 0, 1)
    }

    @Override
    void write(byte[] bytes, int start, int length) {
        LOG.get()?.write(bytes, start, length)
    }
}
