package tidegate

import groovy.transform.CompileStatic

/** A connection's time: since when, and until when at the most, its thread works on the call under way. */
@CompileStatic
class Watch {
    /** How long after its limit a call that was interrupted may take to end. */
    static final long GRACE = 1_000_000_000L

    private final Connection connection
    private final ServingThread thread
    private boolean running = false
    private boolean interrupted = false
    private boolean abandoned = false
    private long started
    private long deadline
    private StackTraceElement[] where

    Watch(Connection connection, ServingThread thread) {
        this.connection = connection
        this.thread = thread
    }

    synchronized void begin(int limit) {
        started = System.nanoTime()
        deadline = started + limit * 1_000_000L
        interrupted = false
        running = true
    }

    synchronized boolean isRunning() {
        running && !abandoned
    }

    /** The call has ended: where it was at its limit if it was interrupted; Abandoned where it was answered already. */
    synchronized StackTraceElement[] end() {
        running = false
        thread.overdue = false
        Thread.interrupted()
        if (abandoned) {
            throw new Abandoned()
        }
        interrupted ? where : null
    }

    /** What is due now: interrupts a call beyond its limit, again and again; gives it up after the grace. */
    synchronized void look(long now) {
        if (!running || abandoned) {
            return
        }
        if (now >= deadline) {
            if (!interrupted) {
                interrupted = true
                where = thread.stackTrace
                thread.overdue = true
            }
            thread.interrupt()
            if (now >= deadline + GRACE) {
                abandoned = true
                connection.giveUp(thread.stackTrace)
            }
        } else if (now - started > Watchdog.TICK * 1_000_000L) {
            connection.flushLate()
        }
    }

    /** Thrown in a thread whose call was given up while it ran. */
    static class Abandoned extends RuntimeException {
    }
}
