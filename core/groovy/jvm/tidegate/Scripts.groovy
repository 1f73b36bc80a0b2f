package tidegate

import groovy.transform.CompileStatic
import groovy.transform.ThreadInterrupt
import java.lang.ref.WeakReference
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.Paths
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ASTTransformationCustomizer

/** The scripts of a list of folders: a script, and what it needs of them, is compiled once until a file changes. */
@CompileStatic
class Scripts {
    private static final Map<List<String>, WeakReference<Scripts>> KNOWN = [:]

    private final List<Path> folders
    private final Map<String, CompiledScript> compiled = [:]

    Scripts(List<String> folders) {
        this.folders = folders.collect { Paths.get(it).toAbsolutePath().normalize() }
    }

    /** The scripts of `folders`, shared by all who name the same ones in the same order. */
    static Scripts of(List<String> folders) {
        synchronized (KNOWN) {
            Scripts scripts = KNOWN.get(folders)?.get()
            if (scripts == null) {
                scripts = new Scripts(folders)
                KNOWN.put(folders, new WeakReference<Scripts>(scripts))
            }
            scripts
        }
    }

    /** The script's class; what was compiled before stays usable whatever comes of it. */
    synchronized CompiledScript load(String script) {
        Path file = find(script)
        if (file == null) {
            throw new NotCompiled([
                new CompileFault(message: "no such script in the scripts folders", file: script)
            ])
        }
        CompiledScript before = compiled.get(script)
        if (before != null && before.sources.isCurrent()) {
            return before
        }
        CompiledScript made = compile(script, file)
        compiled.put(script, made)
        made
    }

    private CompiledScript compile(String script, Path file) {
        SourceFiles sources = new SourceFiles(folders)
        GroovyClassLoader loader = new GroovyClassLoader(Scripts.classLoader, configuration())
        loader.resourceLoader = sources
        try {
            String text = sources.read(script, file)
            Class<?> type = loader.parseClass(new GroovyCodeSource(text, file.toString(), "/tidegate/scripts"), false)
            if (!Script.isAssignableFrom(type)) {
                throw new Refused("has no statements to run, only classes")
            }
            return new CompiledScript((Class<? extends Script>) type, sources)
        } catch (OutOfMemoryError error) {
            throw error
        } catch (Throwable error) {
            throw new NotCompiled(CompileFault.of(error, script, sources))
        }
    }

    private Path find(String script) {
        for (Path folder : folders) {
            Path file = folder.resolve(script).normalize()
            if (file.startsWith(folder) && Files.isRegularFile(file)) {
                return file
            }
        }
        null
    }

    private static CompilerConfiguration configuration() {
        CompilerConfiguration configuration = new CompilerConfiguration()
        configuration.sourceEncoding = "UTF-8"
        configuration.bytecodePostprocessor = new Guard()
        configuration.addCompilationCustomizers(new ASTTransformationCustomizer(ThreadInterrupt))
        configuration
    }
}
