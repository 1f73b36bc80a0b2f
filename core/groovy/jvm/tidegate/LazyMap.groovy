package tidegate

import com.fasterxml.jackson.databind.ObjectMapper
import groovy.transform.CompileStatic

/** A map that is parsed from its JSON when a script first touches it. */
@CompileStatic
class LazyMap extends AbstractMap<String, Object> {
    private static final ObjectMapper JSON = new ObjectMapper()

    private final byte[] json
    private Map<String, Object> parsed

    LazyMap(byte[] json) {
        this.json = json
    }

    boolean wasTouched() {
        parsed != null
    }

    private Map<String, Object> content() {
        if (parsed == null) {
            Map<String, Object> read = json.length == 0 ? null : (Map<String, Object>) JSON.readValue(json, LinkedHashMap)
            parsed = complete(read == null ? new LinkedHashMap<String, Object>() : read)
        }
        parsed
    }

    /** Makes of JSON's values what scripts are promised. */
    protected Map<String, Object> complete(Map<String, Object> read) {
        read
    }

    @Override
    Object get(Object key) {
        content().get(key)
    }

    @Override
    boolean containsKey(Object key) {
        content().containsKey(key)
    }

    @Override
    Object put(String key, Object value) {
        content().put(key, value)
    }

    @Override
    Object remove(Object key) {
        content().remove(key)
    }

    @Override
    Set<Map.Entry<String, Object>> entrySet() {
        content().entrySet()
    }
}
