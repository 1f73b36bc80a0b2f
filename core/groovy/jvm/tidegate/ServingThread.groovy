package tidegate

import groovy.transform.CompileStatic

/** A connection's thread. `overdue` stays set where a script swallows the interruption itself. */
@CompileStatic
class ServingThread extends Thread {
    /** Bytes of stack: the compiler needs more of it than scripts do. */
    private static final long STACK = 2L << 20

    volatile boolean overdue = false

    ServingThread(Runnable work) {
        super(Strays.GROUP, work, "connection", STACK)
        daemon = true
    }
}
