package tidegate

import groovy.transform.CompileStatic
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel

/** Frames of one channel: `u32 length, u64 id, u8 op, body`. Answers are gathered until they are flushed. */
@CompileStatic
class Frames {
    private static final int OK = 0, FAILED = 1
    private static final int HEADER = 13
    private static final int ROOM = 65_536
    /** Nanoseconds that an answer may wait for others. */
    private static final long OLDEST = 500_000L
    /** A call that would take more than a quarter of the heap is not read. */
    private static final long LONGEST = (long) (Runtime.runtime.maxMemory() / 4)

    private final SocketChannel channel
    private ByteBuffer input = ByteBuffer.allocate(ROOM)
    private long skip = 0
    private final Object lock = new Object()
    private ByteBuffer output = ByteBuffer.allocate(ROOM)
    private long since = 0

    Frames(SocketChannel channel) {
        this.channel = channel
        input.flip()
    }

    /** Waits for more input; false at its end. */
    boolean fill() {
        makeRoom()
        int count = channel.read(input)
        input.flip()
        count >= 0
    }

    private void makeRoom() {
        int wanted = input.remaining() >= 4 ? input.getInt(input.position()) + 4 : HEADER
        if (tooLong(wanted - 4L)) {
            wanted = HEADER
        }
        int idle = ROOM
        if (wanted > input.capacity() || input.capacity() > idle && wanted <= idle && input.remaining() <= idle) {
            ByteBuffer roomier = ByteBuffer.allocate(Math.max(wanted, idle))
            roomier.put(input)
            input = roomier
        } else {
            input.compact()
        }
    }

    private static boolean tooLong(long length) {
        length < 0 || length > LONGEST
    }

    /** The next call that is whole; null where more input is needed. */
    Call next() {
        skipRest()
        if (input.remaining() < HEADER) {
            return null
        }
        long length = input.getInt(input.position()) & 0xffffffffL
        if (tooLong(length)) {
            return refuse(length)
        }
        if (input.remaining() < length + 4) {
            return null
        }
        input.getInt()
        Call call = new Call(id: input.getLong(), op: (int) input.get(), length: length)
        ByteBuffer body = input.slice()
        body.limit((int) length - 9)
        call.body = body
        input.position(input.position() + (int) length - 9)
        call
    }

    private Call refuse(long length) {
        input.getInt()
        Call call = new Call(id: input.getLong(), op: (int) input.get(), length: length, tooLong: true)
        skip = length - 9
        skipRest()
        call
    }

    private void skipRest() {
        int now = (int) Math.min(skip, (long) input.remaining())
        input.position(input.position() + now)
        skip -= now
    }

    void ok(long id, byte[]... parts) {
        answer(id, OK, parts)
    }

    void failed(long id, Failure failure) {
        answer(id, FAILED, failure.json())
    }

    private void answer(long id, int status, byte[]... parts) {
        int length = 9
        for (byte[] part : parts) {
            length += part.length
        }
        synchronized (lock) {
            reserve(length + 4)
            if (output.position() == 0) {
                since = System.nanoTime()
            }
            output.putInt(length).putLong(id).put((byte) status)
            for (byte[] part : parts) {
                output.put(part)
            }
        }
    }

    private void reserve(int length) {
        if (output.remaining() >= length) {
            return
        }
        flush()
        if (output.capacity() < length) {
            output = ByteBuffer.allocate(length)
        }
    }

    boolean waiting() {
        output.position() > 0
    }

    /** Sends the answers if the first of them has waited long enough. */
    void flushIfOld() {
        if (waiting() && System.nanoTime() - since > OLDEST) {
            flush()
        }
    }

    void flush() {
        synchronized (lock) {
            output.flip()
            try {
                while (output.hasRemaining()) {
                    channel.write(output)
                }
            } finally {
                output.clear()
            }
            if (output.capacity() > ROOM) {
                output = ByteBuffer.allocate(ROOM)
            }
        }
    }

    void close() {
        channel.close()
    }

    /** One call; `body` is valid until the next `fill`. */
    static class Call {
        long id
        int op
        long length
        boolean tooLong = false
        ByteBuffer body
        byte[][] answer

        /** The next part of the body, which stands behind its length. */
        byte[] part() {
            take(body.getInt())
        }

        byte[] rest() {
            take(body.remaining())
        }

        private byte[] take(int length) {
            byte[] bytes = new byte[length]
            body.get(bytes)
            bytes
        }
    }
}
