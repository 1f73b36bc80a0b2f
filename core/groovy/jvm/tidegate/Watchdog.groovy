package tidegate

import groovy.transform.CompileStatic
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.locks.LockSupport

/** The thread that looks after every connection's time; it rests while none has a call under way. */
@CompileStatic
class Watchdog extends Thread {
    /** Milliseconds between two looks. */
    static final long TICK = 10

    private final List<Watch> watches = new CopyOnWriteArrayList<Watch>()
    private volatile boolean resting = false
    private volatile boolean wanted = false

    Watchdog() {
        super("watchdog")
        daemon = true
        priority = MAX_PRIORITY
    }

    void add(Watch watch) {
        watches.add(watch)
    }

    void remove(Watch watch) {
        watches.remove(watch)
    }

    /** Something begins: looks must be taken. */
    void wake() {
        wanted = true
        if (resting) {
            LockSupport.unpark(this)
        }
    }

    @Override
    void run() {
        while (true) {
            rest()
            Thread.sleep(TICK)
            long now = System.nanoTime()
            for (Watch watch : watches) {
                watch.look(now)
            }
        }
    }

    private void rest() {
        if (wanted || watches.any { Watch watch -> watch.isRunning() }) {
            wanted = false
            return
        }
        resting = true
        while (!wanted) {
            LockSupport.park(this)
        }
        resting = false
    }
}
