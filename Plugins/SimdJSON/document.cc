#include "document.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace {

/* What is kept of a thread's last message: at most this much. */
constexpr size_t KEPT = 4 << 20;

struct Memory {
    simdjson::dom::parser parser;
    std::vector<char> padded;
};

class Reader {
public:
    explicit Reader(patchbay_tape *tape) : tape(tape) {}

    int32_t read(simdjson::dom::element element, uint32_t depth) {
        switch (element.type()) {
        case simdjson::dom::element_type::ARRAY: {
            if (depth >= tape->depth_limit) return PATCHBAY_LIMIT;
            size_t head = tape->token_count;
            uint32_t count = 0;
            int32_t status = patchbay_push_scalar(tape, PATCHBAY_ARRAY, 0, 0);
            for (simdjson::dom::element child : simdjson::dom::array(element)) {
                if (status < 0) return status;
                status = read(child, depth + 1);
                count += 1;
            }
            if (status >= 0) patchbay_end_container(tape, head, count);
            return status;
        }
        case simdjson::dom::element_type::OBJECT: {
            if (depth >= tape->depth_limit) return PATCHBAY_LIMIT;
            size_t head = tape->token_count;
            uint32_t count = 0;
            int32_t status = patchbay_push_scalar(tape, PATCHBAY_MAP, 0, 0);
            for (simdjson::dom::key_value_pair pair : simdjson::dom::object(element)) {
                if (status >= 0) status = text(pair.key);
                if (status >= 0) status = read(pair.value, depth + 1);
                if (status < 0) return status;
                count += 1;
            }
            if (status >= 0) patchbay_end_container(tape, head, count);
            return status;
        }
        case simdjson::dom::element_type::INT64: return patchbay_push_scalar(tape, PATCHBAY_INT, 0, uint64_t(int64_t(element)));
        case simdjson::dom::element_type::UINT64: {
            uint64_t value = element;
            return patchbay_push_scalar(tape, value <= INT64_MAX ? PATCHBAY_INT : PATCHBAY_UNSIGNED, 0, value);
        }
        case simdjson::dom::element_type::DOUBLE: {
            double value = element;
            uint64_t bits;
            std::memcpy(&bits, &value, sizeof bits);
            return patchbay_push_scalar(tape, PATCHBAY_DOUBLE, 0, bits);
        }
        case simdjson::dom::element_type::STRING: return text(element);
        case simdjson::dom::element_type::BOOL: return patchbay_push_scalar(tape, PATCHBAY_BOOL, bool(element) ? 1 : 0, 0);
        default: return patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
        }
    }

private:
    patchbay_tape *tape;

    /* simdjson has unescaped it elsewhere, so that it cannot be named by its place in the message. */
    int32_t text(std::string_view text) {
        if (text.size() > UINT32_MAX) return PATCHBAY_LIMIT;
        if (tape->arena_capacity - tape->arena_count < text.size()) {
            int32_t status = tape->grow_arena(tape, text.size());
            if (status < 0) return status;
        }
        patchbay_token token = {};
        token.kind = PATCHBAY_STRING;
        token.length = uint32_t(text.size());
        token.payload = tape->arena_count;
        if (!text.empty()) std::memcpy(tape->arena + tape->arena_count, text.data(), text.size());
        tape->arena_count += text.size();
        return patchbay_push_token(tape, token);
    }
};

class Writer {
public:
    explicit Writer(const patchbay_tape *tape) : tape(tape) {}

    std::string out;
    const char *unfit = nullptr;

    /* The value at a token; gives the index of the token behind it. */
    size_t write(size_t index, bool isKey = false) {
        if (unfit != nullptr || index >= tape->token_count) return index;
        const patchbay_token &token = tape->tokens[index];
        if (isKey && token.kind != PATCHBAY_STRING) return refuse("a map's key is no text, and JSON has only text there", index);
        switch (token.kind) {
        case PATCHBAY_NULL: out += "null"; break;
        case PATCHBAY_BOOL: out += token.detail ? "true" : "false"; break;
        case PATCHBAY_INT: number(int64_t(token.payload)); break;
        case PATCHBAY_UNSIGNED: number(token.payload); break;
        case PATCHBAY_FLOAT: {
            uint32_t bits = uint32_t(token.payload);
            float value;
            std::memcpy(&value, &bits, sizeof value);
            if (!std::isfinite(value)) return refuse("JSON has no infinity and no NaN; send null or text", index);
            floating(value);
            break;
        }
        case PATCHBAY_DOUBLE: {
            double value;
            std::memcpy(&value, &token.payload, sizeof value);
            if (!std::isfinite(value)) return refuse("JSON has no infinity and no NaN; send null or text", index);
            floating(value);
            break;
        }
        case PATCHBAY_STRING: text(token); break;
        case PATCHBAY_BYTES: base64(token); break;
        case PATCHBAY_ARRAY:
        case PATCHBAY_TUPLE:
        case PATCHBAY_SET: {
            out += '[';
            size_t next = index + 1;
            for (uint32_t count = 0; count < token.length && unfit == nullptr; count += 1) {
                if (count > 0) out += ',';
                next = write(next);
            }
            out += ']';
            return next;
        }
        case PATCHBAY_MAP: {
            out += '{';
            size_t next = index + 1;
            for (uint32_t count = 0; count < token.length && unfit == nullptr; count += 1) {
                if (count > 0) out += ',';
                next = write(next, true);
                out += ':';
                next = write(next);
            }
            out += '}';
            return next;
        }
        default: return refuse("this codec writes no tags, extensions and large integers; send text, or use json or cbor", index);
        }
        return index + 1;
    }

private:
    const patchbay_tape *tape;

    size_t refuse(const char *why, size_t index) {
        unfit = why;
        return index + 1;
    }

    template <typename Number>
    void number(Number value) {
        char digits[32];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }

    /* The shortest digits that read back the same; a whole number stays a float. */
    template <typename Number>
    void floating(Number value) {
        size_t start = out.size();
        number(value);
        if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
    }

    /* RFC 4648, section 4. */
    void base64(const patchbay_token &token) {
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const uint8_t *bytes = tape->arena + token.payload;
        out += '"';
        for (size_t index = 0; index < token.length; index += 3) {
            size_t left = token.length - index;
            uint32_t word = uint32_t(bytes[index]) << 16 | (left > 1 ? uint32_t(bytes[index + 1]) << 8 : 0) | (left > 2 ? bytes[index + 2] : 0);
            out += alphabet[word >> 18];
            out += alphabet[word >> 12 & 63];
            out += left > 1 ? alphabet[word >> 6 & 63] : '=';
            out += left > 2 ? alphabet[word & 63] : '=';
        }
        out += '"';
    }

    void text(const patchbay_token &token) {
        const char *bytes = reinterpret_cast<const char *>(tape->arena + token.payload);
        out += '"';
        size_t from = 0;
        for (size_t index = 0; index < token.length; index += 1) {
            unsigned char byte = static_cast<unsigned char>(bytes[index]);
            if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
            out.append(bytes + from, index - from);
            from = index + 1;
            out += '\\';
            switch (byte) {
            case '"':
            case '\\': out += char(byte); break;
            case '\n': out += 'n'; break;
            case '\r': out += 'r'; break;
            case '\t': out += 't'; break;
            default:
                out += "u00";
                out += "0123456789abcdef"[byte >> 4];
                out += "0123456789abcdef"[byte & 15];
            }
        }
        out.append(bytes + from, token.length - from);
        out += '"';
    }
};

} // namespace

int32_t document_decode(void *, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
    try {
        static thread_local Memory memory;
        /* simdjson reads beyond the end, up to its padding. */
        memory.padded.resize(count + simdjson::SIMDJSON_PADDING);
        if (count > 0) std::memcpy(memory.padded.data(), message, count);
        std::memset(memory.padded.data() + count, ' ', simdjson::SIMDJSON_PADDING);
        simdjson::dom::element root;
        simdjson::error_code code = memory.parser.parse(memory.padded.data(), count, false).get(root);
        int32_t status = PATCHBAY_OK;
        if (code == simdjson::CAPACITY || code == simdjson::DEPTH_ERROR) {
            status = patchbay_fail(error, PATCHBAY_LIMIT, 0, simdjson::error_message(code));
        } else if (code == simdjson::MEMALLOC) {
            status = patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left for a message");
        } else if (code != simdjson::SUCCESS) {
            status = patchbay_fail(error, PATCHBAY_CORRUPT, 0, simdjson::error_message(code));
        } else {
            status = Reader(tape).read(root, 0);
            if (status == PATCHBAY_LIMIT) status = patchbay_fail(error, status, 0, "the message nests too deep, or holds more than the host allows");
            else if (status < 0) status = patchbay_fail(error, status, 0, "the host takes no more of the message");
        }
        if (count > KEPT) memory = Memory();
        return status;
    } catch (const std::bad_alloc &) {
        return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left for a message");
    } catch (...) {
        return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "simdjson gave up on the message");
    }
}

int32_t document_encode(void *, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
    try {
        Writer writer(tape);
        writer.write(0);
        if (writer.unfit != nullptr) return patchbay_fail(error, PATCHBAY_UNFIT, 0, writer.unfit);
        int32_t status = sink->write(sink, writer.out.data(), writer.out.size());
        return status < 0 ? patchbay_fail(error, status, 0, "the message is larger than the host allows") : PATCHBAY_OK;
    } catch (...) {
        return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left for a message");
    }
}
