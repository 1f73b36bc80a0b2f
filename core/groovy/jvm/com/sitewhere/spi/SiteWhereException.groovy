package com.sitewhere.spi

import groovy.transform.CompileStatic
import groovy.transform.InheritConstructors

/** The root of SiteWhere's exceptions. */
@CompileStatic
@InheritConstructors
class SiteWhereException extends IOException {
}
