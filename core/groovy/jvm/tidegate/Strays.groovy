package tidegate

import groovy.transform.CompileStatic
import java.lang.management.ManagementFactory

/** Looks after the threads that scripts start and leave behind. One that keeps a processor busy is interrupted, which
 *  ends a script's own loops; where that does not help, this JVM must be replaced. */
@CompileStatic
class Strays extends Thread {
    /** The threads that run scripts, and all that these start. */
    static final ThreadGroup GROUP = new ThreadGroup("scripts")
    /** Milliseconds between two looks. */
    private static final long EVERY = 500
    /** Nanoseconds of processor time from one look to the next that make a thread busy: a tenth. */
    private static final long BUSY = 50_000_000L
    /** How many looks in a row a thread is busy before it is interrupted, and before it is reported. */
    private static final int INTERRUPTED = 2, REPORTED = 6

    private final Server server
    private Map<Thread, Look> known = [:]

    Strays(Server server) {
        super("strays")
        this.server = server
        daemon = true
    }

    @Override
    void run() {
        while (true) {
            Thread.sleep(EVERY)
            look()
        }
    }

    private void look() {
        Map<Thread, Look> now = [:]
        for (Thread thread : strays()) {
            Look look = Look.after(known.get(thread), ManagementFactory.threadMXBean.getThreadCpuTime(thread.id))
            now.put(thread, look)
            if (look.busy >= INTERRUPTED) {
                thread.interrupt()
            }
            if (look.busy >= REPORTED) {
                server.reportStuck()
            }
        }
        known = now
    }

    private static List<Thread> strays() {
        Thread[] found = new Thread[GROUP.activeCount() + 16]
        int count = GROUP.enumerate(found)
        found.toList().subList(0, count).findAll { Thread thread -> !(thread instanceof ServingThread) }
    }

    /** What was seen of a thread: the processor time that it has taken, and how often in a row it was found busy. */
    private static class Look {
        final long used
        final int busy

        private Look(long used, int busy) {
            this.used = used
            this.busy = busy
        }

        static Look after(Look before, long used) {
            long since = before == null ? 0 : used - before.used
            new Look(used, since > BUSY ? before.busy + 1 : 0)
        }
    }
}
