import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/**
 * Writes, with Kafka's own generated classes, examples of every message in
 * every version: one line each, "name version round bytes json".
 *
 * Round 0 is the message as it is made, with its defaults; in the others every
 * field of the version is set, to a count that goes on, so that no two fields
 * hold the same. Arguments: jars to look for messages in.
 */
public class Oracle {
    static final int ROUNDS = 3;

    static final PrintStream OUT = new PrintStream(System.out, false);

    private final int round;
    private int count;

    Oracle(int round) {
        this.round = round;
    }

    public static void main(String[] jars) throws Exception {
        TreeSet<String> names = new TreeSet<>();
        for (String jar : jars) {
            try (JarFile file = new JarFile(jar)) {
                file.stream().map(e -> e.getName()).filter(n -> n.endsWith("JsonConverter.class") && !n.contains("$"))
                    .forEach(n -> names.add(n.replace('/', '.').replace("JsonConverter.class", "")));
            }
        }
        for (String name : names) {
            Class<?> type;
            try {
                type = Class.forName(name);
            } catch (ClassNotFoundException e) {
                continue; // a converter that is not a message's
            }
            if (ApiMessage.class.isAssignableFrom(type))
                examples(type);
        }
        OUT.flush();
    }

    static void examples(Class<?> type) throws Exception {
        Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
        short lowest = type.getField("LOWEST_SUPPORTED_VERSION").getShort(null);
        short highest = type.getField("HIGHEST_SUPPORTED_VERSION").getShort(null);
        String name = type.getSimpleName().replaceAll("(Request|Response|RequestHeader|ResponseHeader)Data$", "$1");
        Method toJson = Class.forName(type.getName() + "JsonConverter").getMethod("write", type, short.class);
        for (short version = lowest; version <= highest; version++) {
            for (int round = 0; round < ROUNDS; round++) {
                ApiMessage message = (ApiMessage) type.getConstructor().newInstance();
                if (round > 0)
                    new Oracle(round).fill(message, schemas[version]);
                byte[] bytes;
                Object json;
                try {
                    bytes = serialize(message, version);
                    json = toJson.invoke(null, message, version);
                } catch (Exception e) {
                    if (round == 0)
                        continue; // some defaults, such as null records, cannot be written
                    throw new RuntimeException(name + " v" + version, e);
                }
                OUT.println(name + " " + version + " " + round + " " + HexFormat.of().formatHex(bytes) + " " + json);
            }
        }
    }

    static byte[] serialize(ApiMessage message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return buffer.array();
    }

    /** Sets the fields of a struct that its schema has. */
    void fill(Object struct, Schema schema) throws Exception {
        Map<String, Type> types = new HashMap<>();
        for (BoundField f : schema.fields()) {
            if (f.def.type instanceof TaggedFields)
                tagged((TaggedFields) f.def.type).forEach(t -> types.put(plain(t.name), t.type));
            else
                types.put(plain(f.def.name), f.def.type);
        }
        for (Field field : struct.getClass().getDeclaredFields()) {
            Type type = types.remove(plain(field.getName()));
            if (Modifier.isStatic(field.getModifiers()) || type == null)
                continue;
            field.setAccessible(true);
            field.set(struct, value(field.getType(), field.getGenericType(), type));
        }
        if (!types.isEmpty())
            throw new IllegalStateException(struct.getClass() + " has no fields " + types.keySet());
    }

    @SuppressWarnings("unchecked")
    static Collection<org.apache.kafka.common.protocol.types.Field> tagged(TaggedFields type) throws Exception {
        Field fields = TaggedFields.class.getDeclaredField("fields");
        fields.setAccessible(true);
        return ((Map<Integer, org.apache.kafka.common.protocol.types.Field>) fields.get(type)).values();
    }

    Object value(Class<?> type, java.lang.reflect.Type generic, Type schema) throws Exception {
        count++;
        boolean nullable = schema.isNullable() && schema != Type.RECORDS && schema != Type.COMPACT_RECORDS;
        if (nullable && (count + round) % 5 == 0)
            return null;
        if (type == boolean.class)
            return count % 2 == 0;
        if (type == byte.class || type == Byte.class)
            return (byte) count;
        if (type == short.class || type == Short.class)
            return (short) (count * 3);
        if (type == int.class || type == Integer.class)
            // uint16 is an int in Java, too
            return schema == Type.UINT16 ? 65535 - count : (count * 70001) * (round == 1 ? 1 : -1);
        if (type == long.class || type == Long.class)
            return schema == Type.UNSIGNED_INT32 ? 4294967295L - count : count * -9000000001L;
        if (type == double.class)
            return count * 1.5;
        if (type == String.class)
            return (count + round) % 7 == 0 ? "" : "s\u00e9" + count;
        if (type == Uuid.class)
            return new Uuid(count, -count);
        if (type == byte[].class)
            return new byte[] {1, (byte) count};
        if (type == ByteBuffer.class)
            return ByteBuffer.wrap(new byte[] {2, (byte) count});
        if (type.getSimpleName().equals("BaseRecords"))
            return records(ByteBuffer.wrap(new byte[] {3, (byte) count}));
        if (Collection.class.isAssignableFrom(type))
            return collection(type, generic, schema);
        Object struct = type.getConstructor().newInstance();
        fill(struct, (Schema) schema);
        return struct;
    }

    @SuppressWarnings("unchecked")
    Object collection(Class<?> type, java.lang.reflect.Type generic, Type schema) throws Exception {
        Collection<Object> list;
        ParameterizedType parameters;
        if (List.class.isAssignableFrom(type)) {
            list = new ArrayList<>();
            parameters = (ParameterizedType) generic;
        } else {
            list = (Collection<Object>) type.getConstructor().newInstance();
            parameters = (ParameterizedType) type.getGenericSuperclass();
        }
        Class<?> element = (Class<?>) parameters.getActualTypeArguments()[0];
        for (int i = 0; i < round; i++)
            list.add(value(element, element, schema.arrayElementType().get()));
        return list;
    }

    /** The class of records has moved between releases. */
    static Object records(ByteBuffer bytes) throws Exception {
        Class<?> type;
        try {
            type = Class.forName("org.apache.kafka.common.record.internal.MemoryRecords");
        } catch (ClassNotFoundException e) {
            type = Class.forName("org.apache.kafka.common.record.MemoryRecords");
        }
        return type.getMethod("readableRecords", ByteBuffer.class).invoke(null, bytes);
    }

    /** The name of a field in Java and in a schema, without what tells them apart. */
    static String plain(String name) {
        return name.replace("_", "").toLowerCase(Locale.ROOT);
    }
}
