package tidegate

import groovy.transform.CompileStatic

/** A script's class and the files that it was made of. */
@CompileStatic
class CompiledScript {
    final Class<? extends Script> type
    final SourceFiles sources
    final String version

    CompiledScript(Class<? extends Script> type, SourceFiles sources) {
        this.type = type
        this.sources = sources
        this.version = sources.version()
    }
}
