package tidegate

import groovy.transform.CompileStatic

/** A script that a connection has loaded, and what it serves as. */
@CompileStatic
class LoadedScript {
    final CompiledScript compiled
    final String kind

    LoadedScript(CompiledScript compiled, String kind) {
        this.compiled = compiled
        this.kind = kind
    }
}
