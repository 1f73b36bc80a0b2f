package com.sitewhere.common

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.SerializationFeature
import com.sitewhere.spi.SiteWhereException
import groovy.transform.CompileStatic

/** JSON from and to objects, with Jackson as it comes: unknown keys are an error. */
@CompileStatic
class MarshalUtils {
    public static ObjectMapper MAPPER = new ObjectMapper()
    public static ObjectMapper PRETTY_MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT)

    static byte[] marshalJson(Object object) throws SiteWhereException {
        try {
            return MAPPER.writeValueAsBytes(object)
        } catch (IOException error) {
            throw new SiteWhereException("Unable to write JSON.", error)
        }
    }

    static String marshalJsonAsString(Object object) throws SiteWhereException {
        try {
            return MAPPER.writeValueAsString(object)
        } catch (IOException error) {
            throw new SiteWhereException("Unable to write JSON.", error)
        }
    }

    static String marshalJsonAsPrettyString(Object object) throws SiteWhereException {
        try {
            return PRETTY_MAPPER.writeValueAsString(object)
        } catch (IOException error) {
            throw new SiteWhereException("Unable to write JSON.", error)
        }
    }

    static <T> T unmarshalJson(byte[] json, Class<T> type) throws SiteWhereException {
        try {
            return MAPPER.readValue(json, type)
        } catch (IOException error) {
            throw new SiteWhereException("Unable to parse JSON.", error)
        }
    }
}
