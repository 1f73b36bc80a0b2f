package tidegate

import java.lang.reflect.Method

/** Replaces the methods that end the JVM for calls that Groovy dispatches; the sidecar's own are compiled statically. */
class GuardedMethods {
    static void install() {
        System.metaClass.static.exit = { int code -> Guard.exit(code) }
        Runtime.metaClass.exit = { int code -> throw Guard.refused("Runtime.exit") }
        Runtime.metaClass.halt = { int code -> throw Guard.refused("Runtime.halt") }
        Method.metaClass.invoke = { Object target, Object[] arguments -> Guard.invoke(delegate, target, arguments) }
    }
}
