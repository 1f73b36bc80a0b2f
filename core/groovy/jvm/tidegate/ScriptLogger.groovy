package tidegate

import groovy.transform.CompileStatic

/** What scripts know as `logger`: the levels of log4j 2, `{}` parameters and a last Throwable; lines in the request's log. */
@CompileStatic
class ScriptLogger {
    private final RequestLog log

    ScriptLogger(RequestLog log) {
        this.log = log
    }

    void trace(Object message, Object... arguments) {
        line("TRACE", message, arguments)
    }

    void debug(Object message, Object... arguments) {
        line("DEBUG", message, arguments)
    }

    void info(Object message, Object... arguments) {
        line("INFO", message, arguments)
    }

    void warn(Object message, Object... arguments) {
        line("WARNING", message, arguments)
    }

    void error(Object message, Object... arguments) {
        line("ERROR", message, arguments)
    }

    void fatal(Object message, Object... arguments) {
        line("FATAL", message, arguments)
    }

    boolean isTraceEnabled() {
        true
    }

    boolean isDebugEnabled() {
        true
    }

    boolean isInfoEnabled() {
        true
    }

    boolean isWarnEnabled() {
        true
    }

    boolean isErrorEnabled() {
        true
    }

    boolean isFatalEnabled() {
        true
    }

    private void line(String level, Object message, Object[] arguments) {
        List<Object> rest = arguments == null ? [(Object) null] : arguments.toList()
        StringBuilder text = new StringBuilder(level).append(' ')
        fill(text, String.valueOf(message), rest)
        if (rest && rest.last() instanceof Throwable) {
            text.append(": ").append(rest.last())
        }
        log.line(text.toString())
    }

    /** Puts arguments in the place of `{}` and takes them from `rest`. */
    private static void fill(StringBuilder text, String pattern, List<Object> rest) {
        int from = 0
        int place
        while (rest && (place = pattern.indexOf("{}", from)) >= 0) {
            text.append(pattern, from, place).append(String.valueOf(rest.remove(0)))
            from = place + 2
        }
        text.append(pattern, from, pattern.length())
    }
}
