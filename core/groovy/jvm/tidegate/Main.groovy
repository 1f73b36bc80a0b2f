package tidegate

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonGenerator
import groovy.transform.CompileStatic
import java.nio.channels.Channel
import java.nio.channels.ServerSocketChannel

/** Starts the sidecar on the listening socket that it inherits as stdin, or checks scripts and ends. */
@CompileStatic
class Main {
    static void main(String... arguments) {
        Output.install()
        if (arguments.length > 0 && arguments[0] == "--check") {
            System.exit(check(arguments.toList().tail()) ? 0 : 1)
        }
        GuardedMethods.install()
        Channel inherited = System.inheritedChannel()
        if (!(inherited instanceof ServerSocketChannel)) {
            Output.tellEngine('{"error": "stdin is no listening socket"}')
            System.exit(2)
        }
        new Server((ServerSocketChannel) inherited).serve()
        Thread.sleep(Long.MAX_VALUE)
    }

    /** Compiles the scripts of `FOLDER… -- SCRIPT…` and prints `{"faults": [...]}` on one line; true if there are none. */
    private static boolean check(List<String> arguments) {
        int split = arguments.indexOf("--")
        Scripts scripts = new Scripts(arguments.subList(0, split))
        List<CompileFault> faults = []
        for (String script : arguments.subList(split + 1, arguments.size())) {
            try {
                scripts.load(script)
            } catch (NotCompiled error) {
                faults.addAll(error.faults)
            }
        }
        Output.tellEngine(json(faults))
        faults.empty
    }

    private static String json(List<CompileFault> faults) {
        StringWriter text = new StringWriter()
        JsonGenerator out = new JsonFactory().createGenerator(text)
        out.writeStartObject()
        out.writeFieldName("faults")
        CompileFault.write(out, faults)
        out.writeEndObject()
        out.close()
        text.toString()
    }
}
