package tidegate

import groovy.transform.CompileStatic

/** What one request printed and logged: the first 8 KiB, and how many bytes more there were. */
@CompileStatic
class RequestLog {
    static final int MOST_KEPT = 8192

    private final byte[] kept = new byte[MOST_KEPT]
    private int size = 0
    private long cut = 0

    synchronized void write(byte[] bytes, int start, int length) {
        int room = Math.min(length, MOST_KEPT - size)
        System.arraycopy(bytes, start, kept, size, room)
        size += room
        cut += length - room
    }

    void line(String text) {
        byte[] bytes = (text + "\n").getBytes("UTF-8")
        write(bytes, 0, bytes.length)
    }

    synchronized boolean isEmpty() {
        size == 0
    }

    synchronized String getText() {
        size == 0 ? "" : new String(kept, 0, size, "UTF-8")
    }

    synchronized long getCut() {
        cut
    }

    synchronized void clear() {
        size = 0
        cut = 0
    }
}
