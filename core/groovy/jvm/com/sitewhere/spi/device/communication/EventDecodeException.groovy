package com.sitewhere.spi.device.communication

import com.sitewhere.spi.SiteWhereException
import groovy.transform.CompileStatic
import groovy.transform.InheritConstructors

/** A payload that cannot be decoded. */
@CompileStatic
@InheritConstructors
class EventDecodeException extends SiteWhereException {
}
