package tidegate

import groovy.transform.CompileStatic
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.FileTime
import java.security.MessageDigest
import java.util.regex.Pattern

/** The files that a script is made of: its own, and those of the folders whose classes it names. */
@CompileStatic
class SourceFiles implements GroovyResourceLoader {
    /** The sidecar's own classes, and SiteWhere's, are Groovy too. */
    private static final Pattern NOT_SCRIPTS = ~/(tidegate|com\.sitewhere)\..*/

    /** Names relative to the folder, by those that the compiler gives. */
    final Map<String, String> names = [:]
    private final List<Path> folders
    private final Map<String, Path> found = new TreeMap<String, Path>()
    private final Map<Path, FileTime> times = [:]
    private final Map<Path, byte[]> hashes = [:]

    SourceFiles(List<Path> folders) {
        this.folders = folders
    }

    /** The text of `file`, which is noted under the name `shown`. */
    String read(String shown, Path file) {
        note(shown, file)
        new String(Files.readAllBytes(file), "UTF-8")
    }

    @Override
    URL loadGroovySource(String className) {
        String shown = className.replace('.', '/') + ".groovy"
        Path file = find(shown)
        if (file == null) {
            return null
        }
        note(shown, file)
        file.toUri().toURL()
    }

    private Path find(String shown) {
        folders.collect { it.resolve(shown) }.find { Files.isRegularFile(it) }
    }

    private synchronized void note(String shown, Path file) {
        URL url = file.toUri().toURL()
        for (String name : [file.toString(), url.path, url.toExternalForm(), url.toString()]) {
            names.put(name, shown)
        }
        found.put(shown, file)
        times.put(file, Files.getLastModifiedTime(file))
        hashes.put(file, MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)))
    }

    /** The file of a step of a stack trace, which tells its class and its file's last part; null if it is none of these. */
    synchronized String fileOf(StackTraceElement step) {
        if (step.fileName == null || NOT_SCRIPTS.matcher(step.className).matches()) {
            return null
        }
        List<String> alike = found.keySet().findAll { String shown -> shown.split("/").last() == step.fileName }.toList()
        String named = alike.find { String shown -> step.className.startsWith(shown.replace("/", ".") - ".groovy") }
        named != null ? named : alike ? alike[0] : null
    }

    /** Whether every file is the one that was read, and none has come before it in the folders. */
    synchronized boolean isCurrent() {
        found.every { String shown, Path file ->
            find(shown) == file && Files.getLastModifiedTime(file) == times.get(file)
        }
    }

    /** A short hash: of the text where it is one file, else of the hashes of all. */
    synchronized String version() {
        List<byte[]> all = found.values().collect { Path file -> hashes.get(file) }
        byte[] digest = all[0]
        if (all.size() > 1) {
            MessageDigest sum = MessageDigest.getInstance("SHA-256")
            all.each { byte[] one -> sum.update(one) }
            digest = sum.digest()
        }
        digest.encodeHex().toString().substring(0, 6)
    }
}
