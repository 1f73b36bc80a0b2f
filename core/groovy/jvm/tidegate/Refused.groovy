package tidegate

import groovy.transform.CompileStatic
import groovy.transform.InheritConstructors

/** What a script may not do, or gave and cannot be kept; the message alone is the reason. */
@CompileStatic
@InheritConstructors
class Refused extends SecurityException {
}
