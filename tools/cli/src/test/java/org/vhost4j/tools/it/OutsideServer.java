// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;

/**
 * A program that stands for the external network: an HTTP server that returns {@link #data}, and the SHA-256 of
 * uploaded data, and a name server that has one address for every name. {@code OutsideServer ADDRESS…} serves, {@code
 * OutsideServer fetch URL} prints the SHA-256 of the content at a URL.
 */
final class OutsideServer {
    static final int PORT = 8080;
    /** What every name stands for. */
    static final String ANSWER = "192.0.2.77";

    private static final int DATA_BYTES = 16 << 20;

    private OutsideServer() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments[0].equals("fetch")) {
            try (InputStream in = URI.create(arguments[1]).toURL().openStream()) {
                System.out.println(sha256(in));
            }
            return;
        }
        for (String address : arguments) {
            serve(InetAddress.getByName(address));
        }
        System.out.println("serving");
        answerNames(InetAddress.getByName(arguments[0]));
    }

    /** The same bytes each time. */
    static byte[] data() {
        byte[] bytes = new byte[DATA_BYTES];
        new SplittableRandom(18).nextBytes(bytes);
        return bytes;
    }

    /** In hexadecimal, as sha256sum prints it. */
    static String sha256(InputStream in) throws IOException {
        try {
            DigestInputStream digesting = new DigestInputStream(in, MessageDigest.getInstance("SHA-256"));
            digesting.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digesting.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IOException(e);
        }
    }

    private static void serve(InetAddress address) throws IOException {
        byte[] data = data();
        HttpServer server = HttpServer.create(new InetSocketAddress(address, PORT), 16);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/data", exchange -> {
            exchange.sendResponseHeaders(200, data.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(data);
            }
        });
        server.createContext("/sum", exchange -> {
            byte[] sum = sha256(exchange.getRequestBody()).getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, sum.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(sum);
            }
        });
        server.start();
    }

    /** RFC 1035: a question for an address is answered with one, any other with none. */
    private static void answerNames(InetAddress address) throws IOException {
        try (DatagramSocket socket = new DatagramSocket(53, address)) {
            while (true) {
                DatagramPacket packet = new DatagramPacket(new byte[512], 512);
                socket.receive(packet);
                int length = packet.getLength();
                ByteBuffer answer = ByteBuffer.allocate(512);
                answer.put(packet.getData(), 0, length);
                boolean asksForAddress = packet.getData()[length - 3] == 1;
                answer.putShort(2, (short) 0x8180).putShort(6, (short) (asksForAddress ? 1 : 0));
                if (asksForAddress) {
                    // The name that is at offset 12, type A, class IN, for a minute.
                    answer.putShort((short) 0xc00c).putShort((short) 1).putShort((short) 1);
                    answer.putInt(60)
                            .putShort((short) 4)
                            .put(InetAddress.getByName(ANSWER).getAddress());
                }
                socket.send(new DatagramPacket(answer.array(), answer.position(), packet.getSocketAddress()));
            }
        }
    }
}
