// Golden writes record batches with Kafka's own classes, and says in words what
// it reads in a file of them.
//
//   javac -cp 'LIBS/*' -d OUT Golden.java
//   java -cp 'OUT:LIBS/*' Golden write DIR    # DIR/NAME.bin and DIR/NAME.txt
//   java -cp 'OUT:LIBS/*' Golden read FILE    # the words for FILE, on stdout

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Utils;

public class Golden {
    static final long TIME = 1_700_000_000_000L;

    public static void main(String[] args) throws IOException {
        if (args[0].equals("read")) {
            System.out.print(words(MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(Path.of(args[1]))))));
            return;
        }
        Path dir = Path.of(args[1]);
        for (CompressionType type : CompressionType.values()) {
            Compression codec = Compression.of(type).build();
            save(dir, "v2_" + type.name, plain(codec));
            save(dir, "v2_" + type.name + "_transactional", MemoryRecords.withTransactionalRecords(
                500, codec, 77L, (short) 3, Integer.MAX_VALUE, 9, simple()));
            for (byte magic = 0; magic <= 1; magic++) {
                if (type == CompressionType.ZSTD)
                    continue;
                save(dir, "v" + magic + "_" + type.name, MemoryRecords.withRecords(
                    magic, 40L, codec, magic == 0 ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME, old(magic)));
            }
        }
        save(dir, "v1_gzip_log_append_time", MemoryRecords.withRecords(
            (byte) 1, 40L, Compression.of(CompressionType.GZIP).build(), TimestampType.LOG_APPEND_TIME, old((byte) 1)));
        save(dir, "v2_log_append_time", appendTime());
        save(dir, "v2_marker", MemoryRecords.withEndTransactionMarker(
            600, TIME, 4, 77L, (short) 3, new EndTransactionMarker(ControlRecordType.ABORT, 12)));
        ByteBuffer two = ByteBuffer.allocate(4096);
        two.put(plain(Compression.NONE).buffer());
        two.put(MemoryRecords.withEndTransactionMarker(
            103, TIME, 4, 77L, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 1)).buffer());
        two.flip();
        save(dir, "v2_two", MemoryRecords.readableRecords(two));
    }

    static SimpleRecord[] simple() {
        byte[] text = "all work and no play makes jack a dull boy. ".repeat(40).getBytes(StandardCharsets.UTF_8);
        return new SimpleRecord[] {
            new SimpleRecord(TIME, "key".getBytes(), "value".getBytes(), new Header[] {
                new RecordHeader("trace", new byte[] {1, 2, 3}), new RecordHeader("trace", null), new RecordHeader("", new byte[0])}),
            new SimpleRecord(TIME - 5, null, text),
            new SimpleRecord(TIME + 100_000, new byte[0], null),
        };
    }

    static SimpleRecord[] old(byte magic) {
        long t = magic == 0 ? RecordBatch.NO_TIMESTAMP : TIME;
        long u = magic == 0 ? RecordBatch.NO_TIMESTAMP : TIME + 7;
        return new SimpleRecord[] {
            new SimpleRecord(t, "key".getBytes(), "value".getBytes()),
            new SimpleRecord(u, null, "x".repeat(300).getBytes()),
            new SimpleRecord(t, new byte[0], null),
        };
    }

    static MemoryRecords plain(Compression codec) {
        return MemoryRecords.withRecords((byte) 2, 100, codec, TimestampType.CREATE_TIME,
            RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, 7, false, simple());
    }

    static MemoryRecords appendTime() {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(8192), RecordBatch.CURRENT_MAGIC_VALUE,
            Compression.NONE, TimestampType.LOG_APPEND_TIME, 900L, TIME + 1);
        for (SimpleRecord record : simple())
            builder.append(record);
        return builder.build();
    }

    static void save(Path dir, String name, MemoryRecords records) throws IOException {
        Files.write(dir.resolve(name + ".bin"), Utils.toArray(records.buffer().duplicate()));
        Files.writeString(dir.resolve(name + ".txt"), words(records));
    }

    static String words(MemoryRecords records) {
        StringBuilder out = new StringBuilder();
        for (RecordBatch b : records.batches()) {
            b.ensureValid();
            out.append(String.format("batch magic %d offsets %d %d size %d codec %s time %s max %d",
                b.magic(), b.baseOffset(), b.lastOffset(), b.sizeInBytes(), b.compressionType().name, b.timestampType().name, b.maxTimestamp()));
            if (b.magic() == 2)
                out.append(String.format(" epoch %d producer %d %d %d %d transactional %b control %b count %d",
                    b.partitionLeaderEpoch(), b.producerId(), b.producerEpoch(), b.baseSequence(), b.lastSequence(),
                    b.isTransactional(), b.isControlBatch(), b.countOrNull()));
            out.append('\n');
            for (Record r : b) {
                out.append(String.format("  %d time %d sequence %d key %s value %s",
                    r.offset(), r.timestamp(), r.sequence(), hex(r.key()), hex(r.value())));
                for (Header h : r.headers())
                    out.append(String.format(" header %s %s", hex(ByteBuffer.wrap(h.key().getBytes(StandardCharsets.UTF_8))),
                        hex(h.value() == null ? null : ByteBuffer.wrap(h.value()))));
                out.append('\n');
            }
        }
        return out.toString();
    }

    static String hex(ByteBuffer b) {
        return b == null ? "null" : "'" + HexFormat.of().formatHex(Utils.toArray(b)) + "'";
    }
}
