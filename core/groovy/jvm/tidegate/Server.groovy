package tidegate

import groovy.transform.CompileStatic
import java.nio.channels.ClosedChannelException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicBoolean

/** Serves the workers that connect to the listening socket it was started with, until it is told to stop. */
@CompileStatic
class Server {
    /** Milliseconds within which a stop must be through. */
    private static final long STOP_LIMIT = 9_000

    /** The status of a JVM that a script has ended, past all that stands in its way, or whose socket one has closed. */
    private static final int ENDED_BY_SCRIPT = 3

    /** Milliseconds in which what is under way may still be answered then. */
    private static final long LAST_ANSWERS = 500

    final Watchdog watchdog = new Watchdog()
    volatile boolean stopping = false
    private final ServerSocketChannel listener
    private final Map<Connection, Thread> connections = [:]
    private final AtomicBoolean stuckReported = new AtomicBoolean()
    private final AtomicBoolean heapReported = new AtomicBoolean()

    Server(ServerSocketChannel listener) {
        this.listener = listener
    }

    void serve() {
        watchdog.start()
        new Strays(this).start()
        Runtime.runtime.addShutdownHook(new Thread({ stop() } as Runnable, "stop"))
        Output.tellEngine('{"ready": true}')
        try {
            while (true) {
                accept(listener.accept())
            }
        } catch (ClosedChannelException ignored) {
            if (!stopping) {
                Thread.sleep(LAST_ANSWERS)
                Runtime.runtime.halt(ENDED_BY_SCRIPT)
            }
        }
    }

    private void accept(SocketChannel channel) {
        Connection connection = new Connection(channel, this)
        Thread thread = new ServingThread(connection)
        synchronized (connections) {
            if (stopping) {
                channel.close()
                return
            }
            connections.put(connection, thread)
        }
        thread.start()
    }

    void closed(Connection connection) {
        synchronized (connections) {
            connections.remove(connection)
        }
    }

    /** Finishes what each connection has begun, and ends the JVM; at once where it is a script that wants its end, for
     *  that script would be waited for. */
    private void stop() {
        if (Thread.allStackTraces.values().any { StackTraceElement[] steps -> exits(steps) }) {
            Runtime.runtime.halt(ENDED_BY_SCRIPT)
        }
        long until = System.currentTimeMillis() + STOP_LIMIT
        Map<Connection, Thread> open
        synchronized (connections) {
            stopping = true
            open = new LinkedHashMap<Connection, Thread>(connections)
        }
        listener.close()
        open.keySet().each { Connection connection -> connection.stop() }
        open.values().each { Thread thread -> thread.join(Math.max(1L, until - System.currentTimeMillis())) }
        Runtime.runtime.halt(0)
    }

    /** Whether these are the steps of a call of System.exit, and not of the JVM's own answer to a signal. */
    private static boolean exits(StackTraceElement[] steps) {
        steps.any { StackTraceElement step -> step.className == "java.lang.Shutdown" && step.methodName == "exit" } &&
            !steps.any { StackTraceElement step -> step.className.startsWith("java.lang.Terminator") }
    }

    /** A thread is left behind that cannot be ended: the engine must replace this JVM. */
    void reportStuck() {
        if (stuckReported.compareAndSet(false, true)) {
            Output.tellEngine('{"stuck": true}')
        }
    }

    /** Tells the engine if `thrown` says that memory ran out, for then other threads may have suffered. */
    void noteMemory(Throwable thrown) {
        Throwable cause = Failure.unwrapped(thrown)
        if (cause instanceof OutOfMemoryError && cause.message != "Requested array size exceeds VM limit"
            && heapReported.compareAndSet(false, true)) {
            Output.tellEngine('{"heap": true}')
        }
    }
}
