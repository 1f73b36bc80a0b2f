package tidegate

import com.fasterxml.jackson.core.JsonGenerator
import groovy.transform.CompileStatic
import java.time.Instant
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter

/** Turns what scripts gave into what the journal keeps, or refuses it by its name. */
@CompileStatic
class Values {
    private static final DateTimeFormatter DATE =
        DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC)
    private static final long YEAR_1 = -62135596800000L
    private static final long YEAR_10000 = 253402300800000L
    private static final int DEEPEST = 64

    /** What `value` is, in the words of a reason. */
    static String kind(Object value) {
        if (value == null) {
            return "null"
        }
        if (value instanceof CharSequence) {
            return "text"
        }
        value instanceof byte[] ? "bytes" : "a " + value.getClass().name
    }

    static double number(String name, Object value) {
        double result
        if (value instanceof Number) {
            result = ((Number) value).doubleValue()
        } else if (value instanceof Boolean) {
            result = value ? 1.0d : 0.0d
        } else {
            throw new Refused("${name} is ${kind(value)}, not a number".toString())
        }
        if (Double.isNaN(result) || Double.isInfinite(result)) {
            throw new Refused("${name} is ${value}, which is no finite number".toString())
        }
        result
    }

    static String text(String name, Object value) {
        if (value instanceof CharSequence || value instanceof Number || value instanceof Boolean || value instanceof Enum) {
            return value.toString()
        }
        throw new Refused("${name} is ${kind(value)}, not text".toString())
    }

    /** `value` as text that is not empty. */
    static String token(String name, Object value) {
        String text = text(name, value)
        if (text.isEmpty()) {
            throw new Refused("${name} is empty".toString())
        }
        text
    }

    static String date(String name, Date value) {
        long milliseconds = value.time
        if (milliseconds < YEAR_1 || milliseconds >= YEAR_10000) {
            throw new Refused("${name} is ${milliseconds} ms since 1970, which is no date of the years 1 to 9999".toString())
        }
        DATE.format(Instant.ofEpochMilli(milliseconds))
    }

    /** Writes what a connection's `state` may hold: null, true, false, text, numbers, and lists and maps of them. */
    static void write(JsonGenerator out, String name, Object value, int depth = 0) {
        if (depth > DEEPEST) {
            throw new Refused("${name} is nested more than ${DEEPEST} deep".toString())
        }
        if (value == null) {
            out.writeNull()
        } else if (value instanceof CharSequence) {
            out.writeString(value.toString())
        } else if (value instanceof Boolean) {
            out.writeBoolean((Boolean) value)
        } else if (value instanceof BigInteger || value instanceof Integer || value instanceof Long
            || value instanceof Short || value instanceof Byte) {
            out.writeNumber(value.toString())
        } else if (value instanceof Number) {
            out.writeNumber(number(name, value))
        } else if (value instanceof Map) {
            writeMap(out, name, (Map) value, depth)
        } else if (value instanceof Collection) {
            out.writeStartArray()
            for (Object item : (Collection) value) {
                write(out, name, item, depth + 1)
            }
            out.writeEndArray()
        } else {
            throw new Refused("${name} is ${kind(value)}: only text, numbers, booleans, null, lists and maps can be kept".toString())
        }
    }

    private static void writeMap(JsonGenerator out, String name, Map<?, ?> map, int depth) {
        out.writeStartObject()
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.key)
            out.writeFieldName(key)
            write(out, name + "." + key, entry.value, depth + 1)
        }
        out.writeEndObject()
    }
}
