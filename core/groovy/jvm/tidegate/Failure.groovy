package tidegate

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonGenerator
import com.sitewhere.spi.SiteWhereException
import com.sitewhere.spi.device.communication.EventDecodeException
import groovy.transform.CompileStatic
import java.lang.reflect.InvocationTargetException
import java.lang.reflect.UndeclaredThrowableException
import org.codehaus.groovy.runtime.InvokerInvocationException
import org.codehaus.groovy.runtime.powerassert.PowerAssertionError

/** Why a script could not be compiled or failed, as the caller is told. */
@CompileStatic
class Failure {
    private static final JsonFactory JSON = new JsonFactory()
    private static final int LONGEST_REASON = 4000
    /** Thrown for their message alone, which is the whole reason. */
    private static final Set<Class> PLAIN = [
        Exception, RuntimeException, IllegalArgumentException, IllegalStateException, AssertionError,
        PowerAssertionError, SiteWhereException, EventDecodeException, Refused, NoRegistry
    ] as Set<Class>

    String reason
    String file = ""
    int line = 0
    int column = 0
    List<CompileFault> faults = []
    String log = ""
    long logCut = 0
    boolean stuck = false

    /** The failure of a run that `error` ended; `files` are those of the script. */
    static Failure of(Throwable error, SourceFiles files) {
        Throwable cause = unwrapped(error)
        Failure made = new Failure(reason: reasonOf(cause))
        made.place(cause.stackTrace, files)
        made
    }

    static Failure overdue(int limit, StackTraceElement[] where, SourceFiles files) {
        Failure made = new Failure(reason: "ran longer than its time limit of " + seconds(limit))
        made.place(where, files)
        made
    }

    static Failure stuck(int limit, StackTraceElement[] where, SourceFiles files) {
        Failure made = overdue(limit, where, files)
        made.reason += " and could not be interrupted"
        made.stuck = true
        made
    }

    private static String seconds(int milliseconds) {
        new BigDecimal(milliseconds).movePointLeft(3).stripTrailingZeros().toPlainString() + " s"
    }

    static Throwable unwrapped(Throwable error) {
        Throwable cause = error
        while (cause.cause != null && (cause instanceof InvokerInvocationException
            || cause instanceof InvocationTargetException || cause instanceof UndeclaredThrowableException)) {
            cause = cause.cause
        }
        cause
    }

    private static String reasonOf(Throwable error) {
        String name = error.getClass().simpleName
        String message = error.message
        String reason = !message ? name : error.getClass() in PLAIN ? message : name + ": " + message
        reason.length() > LONGEST_REASON ? reason.substring(0, LONGEST_REASON) + "…" : reason
    }

    /** Takes file and line of the innermost step that is a script's own. */
    private void place(StackTraceElement[] steps, SourceFiles files) {
        for (StackTraceElement step : steps) {
            String own = files?.fileOf(step)
            if (own != null && step.lineNumber > 0) {
                file = own
                line = step.lineNumber
                return
            }
        }
    }

    byte[] json() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream()
        JsonGenerator out = JSON.createGenerator(bytes)
        out.writeStartObject()
        out.writeStringField("reason", reason)
        out.writeStringField("file", file)
        out.writeNumberField("line", line)
        out.writeNumberField("column", column)
        out.writeFieldName("faults")
        CompileFault.write(out, faults)
        out.writeStringField("log", log)
        out.writeNumberField("logCut", logCut)
        out.writeBooleanField("stuck", stuck)
        out.writeEndObject()
        out.close()
        bytes.toByteArray()
    }
}
