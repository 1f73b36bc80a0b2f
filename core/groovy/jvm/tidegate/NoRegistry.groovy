package tidegate

import groovy.transform.CompileStatic

/** A script asked for SiteWhere's device registry, which Tidegate has not got. */
@CompileStatic
class NoRegistry extends Refused {
    static final String ADD = "build the request and add it to events instead"
    static final String REGISTER = "add a DeviceRegistrationRequest to events instead"
    static final String EXTRACT =
        "set the specificationToken of what is returned, or leave it out: what the device registered as then counts"

    NoRegistry(String member, String instead) {
        super("${member} needs SiteWhere's device registry, which Tidegate does not have: ${instead}".toString())
    }
}
