package tidegate

import com.fasterxml.jackson.databind.ObjectMapper
import groovy.transform.CompileStatic
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicBoolean

/** One worker's connection, served by one thread: calls are read, run and answered in their order. */
@CompileStatic
class Connection implements Runnable {
    private static final int HELLO = 1, LOAD = 2, RUN = 3, RELEASE = 4
    private static final ObjectMapper JSON = new ObjectMapper()
    /** Milliseconds within which a script must be compiled. */
    private static final int COMPILE_LIMIT = 15_000

    private final Frames frames
    private final Server server
    private final RequestLog log = new RequestLog()
    private final Runner runner = new Runner(log)
    private final Map<Integer, LoadedScript> loaded = [:]
    private int lastHandle = 0
    private Scripts scripts
    private Slot slot
    private Watch watch
    private boolean busy = false
    private final AtomicBoolean flushing = new AtomicBoolean()
    private volatile long callId
    private volatile int callLimit
    private volatile SourceFiles callFiles

    Connection(SocketChannel channel, Server server) {
        this.frames = new Frames(channel)
        this.server = server
    }

    @Override
    void run() {
        watch = new Watch(this, (ServingThread) Thread.currentThread())
        server.watchdog.add(watch)
        Output.redirect(log)
        try {
            serve()
        } catch (Watch.Abandoned | IOException ignored) {
            // the caller has been answered, or has gone
        } catch (OutOfMemoryError error) {
            server.noteMemory(error)
        } finally {
            frames.close()
            server.watchdog.remove(watch)
            server.closed(this)
            slot?.close()
        }
    }

    private void serve() {
        while (frames.fill()) {
            if (!begin()) {
                return
            }
            try {
                Frames.Call call
                while (!server.stopping && (call = frames.next()) != null) {
                    handle(call)
                    frames.flushIfOld()
                }
            } finally {
                end()
            }
        }
    }

    private synchronized boolean begin() {
        busy = true
        !server.stopping
    }

    private synchronized void end() {
        busy = false
        frames.flush()
        if (server.stopping) {
            frames.close()
        }
    }

    /** The server stops: what is under way is finished and answered, then the connection ends. */
    synchronized void stop() {
        if (!busy) {
            frames.close()
        }
    }

    private void handle(Frames.Call call) {
        if (call.tooLong) {
            frames.failed(call.id, new Failure(
                reason: "the request of ${call.length} bytes is too long for Groovy's memory".toString()
            ))
            return
        }
        switch (call.op) {
            case HELLO: hello(call); break
            case RELEASE: loaded.remove(call.body.getInt()); break
            case LOAD: guarded(call, COMPILE_LIMIT, null) { load(call) }; break
            case RUN: decode(call); break
            default: frames.failed(call.id, new Failure(reason: "there is no operation ${call.op}".toString()))
        }
    }

    private void hello(Frames.Call call) {
        Map<String, Object> hello = (Map<String, Object>) JSON.readValue(call.rest(), Map)
        scripts = Scripts.of((List<String>) hello.get("folders"))
        slot?.close()
        slot = new Slot((String) hello.get("slot"))
        frames.ok(call.id)
    }

    private void load(Frames.Call call) {
        Map<String, Object> wanted = (Map<String, Object>) JSON.readValue(call.rest(), Map)
        CompiledScript compiled = scripts.load((String) wanted.get("script"))
        lastHandle += 1
        loaded.put(lastHandle, new LoadedScript(compiled, (String) wanted.get("kind")))
        call.answer = [JSON.writeValueAsBytes([handle: lastHandle, version: compiled.version])] as byte[][]
    }

    private void decode(Frames.Call call) {
        LoadedScript script = loaded.get(call.body.getInt())
        int limit = call.body.getInt()
        if (script == null) {
            frames.failed(call.id, new Failure(reason: "the script is not loaded"))
            return
        }
        guarded(call, limit, script.compiled.sources) {
            byte[][] made = runner.run(script, call.part(), call.part(), call.rest())
            byte[] length = ByteBuffer.allocate(4).putInt(made[0].length).array()
            call.answer = [length, made[0], made[1]] as byte[][]
        }
    }

    /** Does `work` under the watch and with the slot set, and answers `call` with what it made or why it failed. */
    private void guarded(Frames.Call call, int limit, SourceFiles files, Closure<?> work) {
        log.clear()
        callId = call.id
        callLimit = limit
        callFiles = files
        slot?.set(call.id)
        watch.begin(limit)
        server.watchdog.wake()
        Failure failure = null
        StackTraceElement[] late
        try {
            failure = failureOf(work, files)
        } finally {
            late = watch.end()
            slot?.set(0)
        }
        if (late != null) {
            fail(call.id, Failure.overdue(limit, late, files))
        } else if (failure != null) {
            fail(call.id, failure)
        } else {
            frames.ok(call.id, call.answer)
        }
    }

    /** Does `work`; why it failed, null where it did not. What a script has thrown is its code too, and may not end. */
    private Failure failureOf(Closure<?> work, SourceFiles files) {
        try {
            work.call()
            return null
        } catch (NotCompiled error) {
            return error.failure()
        } catch (Throwable error) {
            try {
                server.noteMemory(error)
                return Failure.of(error, files)
            } catch (Throwable ignored) {
                return new Failure(reason: error.getClass().simpleName)
            }
        }
    }

    private void fail(long id, Failure failure) {
        failure.log = log.text
        failure.logCut = log.cut
        frames.failed(id, failure)
    }

    /** The watchdog's: the call under way cannot be ended. Answers it, reports it and leaves the thread behind. */
    void giveUp(StackTraceElement[] where) {
        long id = callId
        Failure failure = Failure.stuck(callLimit, where, callFiles)
        Thread.start("farewell") {
            server.reportStuck()
            slot?.set(0)
            try {
                fail(id, failure)
                frames.flush()
            } catch (IOException ignored) {
                // nobody waits for the answer any more
            } finally {
                frames.close()
                server.closed(this)
            }
        }
    }

    /** The watchdog's: the call under way takes its time, so answers of earlier ones must not wait for it. */
    void flushLate() {
        if (frames.waiting() && flushing.compareAndSet(false, true)) {
            Thread.start("late answers") {
                try {
                    frames.flush()
                } catch (IOException ignored) {
                    // the connection's own thread will meet it
                } finally {
                    flushing.set(false)
                }
            }
        }
    }
}
