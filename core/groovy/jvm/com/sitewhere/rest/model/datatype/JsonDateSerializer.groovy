package com.sitewhere.rest.model.datatype

import com.fasterxml.jackson.core.JsonGenerator
import com.fasterxml.jackson.databind.JsonSerializer
import com.fasterxml.jackson.databind.SerializerProvider
import groovy.transform.CompileStatic
import java.text.SimpleDateFormat

/** Writes dates as SiteWhere's JSON has them: `2015-02-11T10:33:00.578+0000`. */
@CompileStatic
class JsonDateSerializer extends JsonSerializer<Date> {
    @Override
    void serialize(Date date, JsonGenerator generator, SerializerProvider provider) throws IOException {
        generator.writeString(new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZ").format(date))
    }
}
