import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/** A thread for each connection, new or (with a second argument) kept, one request on it: read, decoded, answered, closed.
    Nothing is stored. */
public final class Server {
    private static final byte[] ANSWER = ("HTTP/1.1 200 OK\r\nContent-Length: 21\r\nContent-Type: text/plain\r\n"
        + "Connection: close\r\n\r\nInformation received.").getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BAD = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        .getBytes(StandardCharsets.US_ASCII);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    record Event(String hardwareId, Date eventDate, Map<String, Double> measurements) {}

    public static void main(String[] arguments) throws IOException {
        Executor threads = arguments.length > 1 ? Executors.newCachedThreadPool() : work -> new Thread(work).start();
        try (ServerSocket server = new ServerSocket(Integer.parseInt(arguments[0]), 1024,
                InetAddress.getLoopbackAddress())) {
            System.out.println("ready");
            while (true) {
                Socket socket = server.accept();
                threads.execute(() -> serve(socket));
            }
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            byte[] body = body(in);
            Event event = body == null ? null : decode(body);
            socket.getOutputStream().write(event == null ? BAD : ANSWER);
        } catch (IOException gone) {
            // The device has gone.
        }
    }

    private static Event decode(byte[] payload) throws IOException {
        JsonNode json = MAPPER.readTree(payload);
        if (json.get("id") == null) {
            return null;
        }
        Map<String, Double> measurements = new HashMap<>();
        for (String name : new String[] {"rssi", "snr"}) {
            if (json.get(name) != null) {
                measurements.put(name, json.get(name).asDouble());
            }
        }
        return new Event(json.get("id").asText(), new Date(), measurements);
    }

    /** What comes behind the head; null where the head does not say how much. */
    private static byte[] body(InputStream in) throws IOException {
        int length = -1;
        while (true) {
            String line = line(in);
            if (line == null) {
                return null;
            }
            if (line.isEmpty()) {
                return length < 0 ? null : in.readNBytes(length);
            }
            if (line.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                length = Integer.parseInt(line.substring(15).trim());
            }
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int c;
        while ((c = in.read()) != '\n') {
            if (c < 0) {
                return null;
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
