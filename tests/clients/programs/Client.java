import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.zip.GZIPOutputStream;

/** Asks with the JDK's own client: prints a line for each way to ask, the status and the body. */
public final class Client {
    private static final HttpClient DEFAULTS = HttpClient.newHttpClient();

    private Client() {}

    public static void main(String[] words) throws Exception {
        URI uri = URI.create(words[0]);
        byte[] body = System.in.readAllBytes();
        // Its defaults: an upgrade to HTTP/2, over a connection that is kept.
        ask("defaults", request(uri, BodyPublishers.ofByteArray(body)));
        ask("once more", request(uri, BodyPublishers.ofByteArray(body)));
        // A body of unknown length is sent in chunks, as Spring and Go do.
        ask("chunked", request(uri, BodyPublishers.ofInputStream(
            () -> new ByteArrayInputStream(body))));
        ask("charset", request(uri, BodyPublishers.ofByteArray(body))
            .header("Content-Type", "application/json;charset=UTF-8")
            .header("Accept", "*/*"));
        ask("expect continue", request(uri, BodyPublishers.ofByteArray(body)).expectContinue(true));
        ask("http/1.1", request(uri, BodyPublishers.ofByteArray(body))
            .version(HttpClient.Version.HTTP_1_1));
        ask("gzip", request(uri, BodyPublishers.ofByteArray(compress(body)))
            .header("Content-Encoding", "gzip"));
    }

    private static HttpRequest.Builder request(URI uri, BodyPublisher body) {
        return HttpRequest.newBuilder(uri).POST(body);
    }

    private static void ask(String way, HttpRequest.Builder request) throws Exception {
        HttpResponse<String> response = DEFAULTS.send(request.build(), BodyHandlers.ofString());
        System.out.println(way + "\t" + response.statusCode() + "\t" + response.body());
    }

    private static byte[] compress(byte[] body) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream stream = new GZIPOutputStream(compressed)) {
            stream.write(body);
        }
        return compressed.toByteArray();
    }
}
