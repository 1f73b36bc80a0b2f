package tidegate

import com.fasterxml.jackson.core.JsonGenerator
import groovy.transform.CompileStatic
import org.codehaus.groovy.control.MultipleCompilationErrorsException
import org.codehaus.groovy.control.messages.ExceptionMessage
import org.codehaus.groovy.control.messages.SimpleMessage
import org.codehaus.groovy.control.messages.SyntaxErrorMessage
import org.codehaus.groovy.syntax.SyntaxException

/** One thing that the compiler found wrong in a script. */
@CompileStatic
class CompileFault {
    private static final String OF_JAVA_8 =
        ", which Java had until 10: apt install libjaxb-api-java, then start the engine anew"

    String message
    String file
    int line
    int column

    /** All that `error` says, by line; `files` are those of the script. */
    static List<CompileFault> of(Throwable error, String script, SourceFiles files) {
        if (!(error instanceof MultipleCompilationErrorsException)) {
            return [new CompileFault(message: Failure.of(error, files).reason, file: script)]
        }
        List<CompileFault> faults = []
        for (Object message : ((MultipleCompilationErrorsException) error).errorCollector.errors) {
            faults.add(fault(message, script, files.names))
        }
        faults.sort { CompileFault one, CompileFault other -> one.line <=> other.line }
    }

    private static CompileFault fault(Object message, String script, Map<String, String> files) {
        if (message instanceof SyntaxErrorMessage) {
            SyntaxException cause = ((SyntaxErrorMessage) message).cause
            String file = cause.sourceLocator == null ? null : files.get(cause.sourceLocator)
            return new CompileFault(
                message: sentence(cause.originalMessage), file: file ?: script, line: cause.line, column: cause.startColumn
            )
        }
        if (message instanceof ExceptionMessage) {
            return new CompileFault(message: sentence(((ExceptionMessage) message).cause.message), file: script)
        }
        String text = message instanceof SimpleMessage ? ((SimpleMessage) message).message : message.toString()
        new CompileFault(message: sentence(text), file: script)
    }

    private static String sentence(String message) {
        String text = (message ?: "could not be compiled").trim()
        text = text.endsWith("\n.") ? text.substring(0, text.length() - 2).trim() : text
        text.contains("class javax.xml.bind.") ? text + OF_JAVA_8 : text
    }

    static void write(JsonGenerator out, List<CompileFault> faults) {
        out.writeStartArray()
        for (CompileFault fault : faults) {
            out.writeStartObject()
            out.writeStringField("message", fault.message)
            out.writeStringField("file", fault.file)
            out.writeNumberField("line", fault.line)
            out.writeEndObject()
        }
        out.writeEndArray()
    }
}
