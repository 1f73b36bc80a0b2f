package tidegate

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonGenerator
import com.sitewhere.rest.model.device.event.request.scripting.DeviceEventRequestBuilder
import com.sitewhere.rest.model.device.request.scripting.DeviceManagementRequestBuilder
import com.sitewhere.spi.device.communication.ICompositeDeviceEventDecoder.IMessageMetadata
import com.sitewhere.device.communication.decoder.composite.BinaryMessageMetadata
import groovy.transform.CompileStatic
import org.codehaus.groovy.runtime.InvokerHelper

/** Runs a script over one payload: what it is given, and what is made of what it leaves. */
@CompileStatic
class Runner {
    private static final JsonFactory JSON = new JsonFactory()
    private static final DeviceManagementRequestBuilder DEVICES = new DeviceManagementRequestBuilder()
    private static final DeviceEventRequestBuilder EVENTS = new DeviceEventRequestBuilder()

    private final RequestLog log
    private final ScriptLogger logger

    Runner(RequestLog log) {
        this.log = log
        this.logger = new ScriptLogger(log)
    }

    /** Events and extras as they go to the caller; whatever the script throws goes up. */
    byte[][] run(LoadedScript script, byte[] metadata, byte[] state, byte[] payload) {
        Map<String, Object> bound = new HashMap<String, Object>()
        bound.put("logger", logger)
        Respond respond = null
        LazyMap kept = null
        switch (script.kind) {
            case "deduplicator":
                bound.put("request", EventRequest.read(payload))
                builders(bound)
                break
            case "extractor":
                bound.put("payload", payload)
                bound.put("metadata", new Metadata(metadata))
                bound.put("deviceManagement", new DeviceManagement())
                break
            default:
                decoder(bound, script.kind, metadata, payload)
                bound.put("respond", respond = new Respond())
                bound.put("state", kept = new LazyMap(state))
        }
        Binding binding = new Binding(bound)
        Object result = InvokerHelper.createScript(script.compiled.type, binding).run()
        byte[] events = made(script.kind, binding, result)
        [events, extras(binding, kept, state, respond)] as byte[][]
    }

    private static void decoder(Map<String, Object> bound, String kind, byte[] metadata, byte[] payload) {
        bound.put("events", new ArrayList<Object>())
        if (kind == "string") {
            bound.put("payload", new String(payload, "UTF-8"))
        } else {
            bound.put("payload", payload)
            bound.put("metadata", new Metadata(metadata))
            builders(bound)
        }
    }

    private static void builders(Map<String, Object> bound) {
        bound.put("deviceBuilder", DEVICES)
        bound.put("eventBuilder", EVENTS)
    }

    private byte[] made(String kind, Binding binding, Object result) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256)
        JsonGenerator out = JSON.createGenerator(bytes)
        switch (kind) {
            case "deduplicator": verdict(out, result); break
            case "extractor": extracted(out, result); break
            default: new EventsJson(out, log).writeAll(binding.getVariable("events"))
        }
        out.close()
        bytes.toByteArray()
    }

    private static void verdict(JsonGenerator out, Object result) {
        if (!(result instanceof Boolean)) {
            throw new Refused("the script returned ${Values.kind(result)}, not a Boolean".toString())
        }
        out.writeBoolean((Boolean) result)
    }

    private static void extracted(JsonGenerator out, Object result) {
        if (!(result instanceof IMessageMetadata)) {
            throw new Refused("the script returned ${Values.kind(result)}, not a BinaryMessageMetadata".toString())
        }
        IMessageMetadata<?> found = (IMessageMetadata<?>) result
        Object inner = found.payload
        if (!(inner instanceof byte[])) {
            throw new Refused("the payload that the script returned is ${Values.kind(inner)}, not bytes".toString())
        }
        out.writeStartObject()
        out.writeStringField("hardwareId", Values.token("the device's hardware id", found.hardwareId))
        if (found instanceof BinaryMessageMetadata) {
            out.writeStringField("specification", ((BinaryMessageMetadata) found).specificationToken)
        } else {
            out.writeNullField("specification")
        }
        out.writeBinaryField("payload", (byte[]) inner)
        out.writeEndObject()
    }

    private byte[] extras(Binding binding, LazyMap given, byte[] state, Respond respond) {
        byte[] kept = given == null ? null : keptState(binding.getVariable("state"), given, state)
        boolean answers = respond != null && respond.body != null
        if (log.empty && kept == null && !answers) {
            return new byte[0]
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256)
        JsonGenerator out = JSON.createGenerator(bytes)
        out.writeStartObject()
        out.writeStringField("log", log.text)
        out.writeNumberField("logCut", log.cut)
        if (kept != null) {
            out.writeFieldName("state")
            out.writeRawValue(new String(kept, "UTF-8"))
        }
        if (answers) {
            out.writeArrayFieldStart("respond")
            out.writeBinary(respond.body)
            out.writeNumber(respond.status)
            out.writeEndArray()
        }
        out.writeEndObject()
        out.close()
        bytes.toByteArray()
    }

    /** The JSON of the state after the run; null where it is as it was given. */
    private static byte[] keptState(Object after, LazyMap given, byte[] before) {
        if (after.is(given) && !given.wasTouched()) {
            return null
        }
        if (!(after instanceof Map)) {
            throw new Refused("state is ${Values.kind(after)}, not a map".toString())
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256)
        JsonGenerator out = JSON.createGenerator(bytes)
        Values.write(out, "state", after)
        out.close()
        byte[] now = bytes.toByteArray()
        Arrays.equals(now, before.length == 0 ? "{}".bytes : before) ? null : now
    }
}
