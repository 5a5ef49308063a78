// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.packaging;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * An OCI image layout, read by the image specification (image-layout.md, manifest.md, config.md): every digest and size is computed again.
 *
 * @param config the configuration of its only image
 * @param reference the name of that image in the layout
 * @param findings what is wrong, each with the file's name
 * @param files the first 20 bytes of each regular file and symbolic link of all layers, by its path
 */
record OciLayout(JsonNode config, String reference, List<String> findings, Map<String, byte[]> files) {
    private static final String TYPE = "application/vnd.oci.image.";
    private static final int HEAD = 20;
    private static final int BLOCK = 512;

    /** Reads the layout in a directory. */
    static OciLayout read(Path directory) throws IOException {
        return new Reader(directory).read();
    }

    private static final class Reader {
        private final ObjectMapper json = new ObjectMapper();
        private final Path directory;
        private final List<String> findings = new ArrayList<>();
        private final Set<String> used = new TreeSet<>();
        private final Map<String, byte[]> files = new LinkedHashMap<>();

        Reader(Path directory) {
            this.directory = directory;
        }

        OciLayout read() throws IOException {
            expect("oci-layout", "1.0.0", json.readTree(text("oci-layout")).path("imageLayoutVersion"));
            JsonNode index = json.readTree(text("index.json"));
            expect("index.json", "2", index.path("schemaVersion"));
            expect("index.json", TYPE + "index.v1+json", index.path("mediaType"));
            expect("index.json", "1", json.valueToTree(index.path("manifests").size()));
            JsonNode descriptor = index.path("manifests").path(0);
            JsonNode manifest = json.readTree(blob(descriptor, "manifest.v1+json"));
            expect("manifest", "2", manifest.path("schemaVersion"));
            expect("manifest", TYPE + "manifest.v1+json", manifest.path("mediaType"));
            JsonNode config = json.readTree(blob(manifest.path("config"), "config.v1+json"));
            expect("architecture", descriptor.at("/platform/architecture").asString(), config.path("architecture"));
            expect("os", descriptor.at("/platform/os").asString(), config.path("os"));
            expect("rootfs", "layers", config.at("/rootfs/type"));
            JsonNode layers = manifest.path("layers");
            JsonNode diffIds = config.at("/rootfs/diff_ids");
            expect("diff_ids", String.valueOf(layers.size()), json.valueToTree(diffIds.size()));
            for (int i = 0; i < layers.size(); i++) {
                Path layer = blobFile(layers.path(i), "layer.v1.tar+gzip");
                expect("diff_id of layer " + i, unpacked(layer), diffIds.path(i));
            }
            long steps = config.path("history")
                    .valueStream()
                    .filter(step -> !step.path("empty_layer").asBoolean(false))
                    .count();
            expect("history", String.valueOf(layers.size()), json.valueToTree(steps));
            try (Stream<Path> blobs = Files.list(directory.resolve("blobs/sha256"))) {
                blobs.map(file -> file.getFileName().toString())
                        .filter(name -> !used.contains(name))
                        .forEach(name -> findings.add(name + ": nothing refers to it"));
            }
            String reference = descriptor
                    .path("annotations")
                    .path("org.opencontainers.image.ref.name")
                    .asString("");
            return new OciLayout(config, reference, findings, files);
        }

        private void expect(String where, String expected, JsonNode found) {
            if (!expected.equals(found.asString(""))) {
                findings.add(where + ": expected " + expected + ", found " + found);
            }
        }

        private String text(String name) throws IOException {
            return Files.readString(directory.resolve(name));
        }

        private String blob(JsonNode descriptor, String type) throws IOException {
            return Files.readString(blobFile(descriptor, type));
        }

        /** The file of a descriptor, after its media type, digest and size were compared. */
        private Path blobFile(JsonNode descriptor, String type) throws IOException {
            expect("descriptor", TYPE + type, descriptor.path("mediaType"));
            String digest = descriptor.path("digest").asString("");
            String name = digest.replaceFirst("^sha256:", "");
            used.add(name);
            Path file = directory.resolve("blobs/sha256").resolve(name);
            expect(name, String.valueOf(Files.size(file)), descriptor.path("size"));
            try (InputStream in = Files.newInputStream(file);
                    DigestInputStream digested = new DigestInputStream(in, sha256())) {
                digested.transferTo(OutputStream.nullOutputStream());
                expect(name, "sha256:" + hex(digested.getMessageDigest()), descriptor.path("digest"));
            }
            return file;
        }

        /** Reads a layer's archive; returns the digest of its bytes before compression. */
        private String unpacked(Path layer) throws IOException {
            try (InputStream in = Files.newInputStream(layer);
                    DigestInputStream digested = new DigestInputStream(new GZIPInputStream(in, 1 << 16), sha256())) {
                entries(digested);
                digested.transferTo(OutputStream.nullOutputStream());
                return "sha256:" + hex(digested.getMessageDigest());
            } catch (IOException e) {
                return e.toString();
            }
        }

        /** The regular files and symbolic links of an archive in POSIX's pax format (POSIX.1-2024, pax, "ustar Interchange Format"). */
        private void entries(InputStream archive) throws IOException {
            String longName = "";
            for (byte[] header = archive.readNBytes(BLOCK);
                    header.length == BLOCK && header[0] != 0;
                    header = archive.readNBytes(BLOCK)) {
                String size = field(header, 124, 12);
                int length = size.isEmpty() ? 0 : Integer.parseInt(size, 8);
                char type = (char) header[156];
                String prefix = field(header, 345, 155);
                String name =
                        !longName.isEmpty() ? longName : (prefix.isEmpty() ? "" : prefix + "/") + field(header, 0, 100);
                byte[] content = archive.readNBytes(type == 'x' ? length : Math.min(HEAD, length));
                long rest = (length + BLOCK - 1L) / BLOCK * BLOCK - content.length;
                // Read, not skipped: the digest is of what was read.
                while (rest > 0) {
                    int read = archive.readNBytes((int) Math.min(rest, 1 << 16)).length;
                    if (read == 0) {
                        throw new EOFException("the archive ends within " + name);
                    }
                    rest -= read;
                }
                longName = "";
                if (type == 'x') {
                    longName = new String(content, StandardCharsets.UTF_8)
                            .lines()
                            .filter(line -> line.matches("\\d+ path=.*"))
                            .map(line -> line.replaceFirst("\\d+ path=", ""))
                            .collect(Collectors.joining());
                } else if (type == '0' || type == '2') {
                    files.put(name.replaceFirst("^\\./", ""), content);
                }
            }
        }

        private static String field(byte[] header, int offset, int length) {
            String text = new String(header, offset, length, StandardCharsets.UTF_8);
            int end = text.indexOf('\0');
            return (end < 0 ? text : text.substring(0, end)).strip();
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
