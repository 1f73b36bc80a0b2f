package tidegate

import groovy.transform.CompileStatic

/** What scripts know as `respond`: notes the answer, which is sent after the commit. */
@CompileStatic
class Respond extends Closure<Void> {
    byte[] body
    int status

    Respond() {
        super(null)
        this.@maximumNumberOfParameters = 2
        this.@parameterTypes = [Object, Object] as Class[]
    }

    @Override
    Void call(Object... arguments) {
        if (arguments.length < 1 || arguments.length > 2) {
            throw new Refused("respond takes a body and a status, not " + arguments.length + " arguments")
        }
        answer(arguments[0], arguments.length == 2 ? arguments[1] : (Object) 200)
        null
    }

    @Override
    Void call(Object argument) {
        answer(argument, 200)
        null
    }

    Object doCall(Object body, Object status) {
        answer(body, status)
        null
    }

    Object doCall(Object body) {
        answer(body, 200)
        null
    }

    private void answer(Object given, Object code) {
        if (!(given instanceof CharSequence || given instanceof byte[])) {
            throw new Refused("respond was given ${Values.kind(given)}, not bytes or text".toString())
        }
        if (!(code instanceof Integer) || (Integer) code < 200 || (Integer) code > 599) {
            throw new Refused("respond was given the status ${code}: a whole number from 200 to 599 is one".toString())
        }
        body = given instanceof byte[] ? (byte[]) given : given.toString().getBytes("UTF-8")
        status = (Integer) code
    }
}
