package tidegate

import groovy.transform.CompileStatic
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel

/** The 8 bytes, mapped into memory, that name the call under way should the JVM die of it. */
@CompileStatic
class Slot implements Closeable {
    private final MappedByteBuffer bytes

    Slot(String path) {
        RandomAccessFile file = new RandomAccessFile(path, "rw")
        try {
            bytes = file.channel.map(FileChannel.MapMode.READ_WRITE, 0, 8)
        } finally {
            file.close()
        }
        set(0)
    }

    void set(long id) {
        bytes.putLong(0, id)
    }

    @Override
    void close() {
        set(0)
    }
}
