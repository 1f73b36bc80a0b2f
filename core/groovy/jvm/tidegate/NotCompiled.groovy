package tidegate

import groovy.transform.CompileStatic

/** A script that cannot be used, with all that is wrong. */
@CompileStatic
class NotCompiled extends RuntimeException {
    final List<CompileFault> faults

    NotCompiled(List<CompileFault> faults) {
        super(faults[0].message)
        this.faults = faults
    }

    Failure failure() {
        CompileFault first = faults[0]
        new Failure(reason: first.message, file: first.file, line: first.line, column: first.column, faults: faults)
    }
}
