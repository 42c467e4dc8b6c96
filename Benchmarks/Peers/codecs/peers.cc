// simdjson, msgpack-c and libcbor over the files that codec-bench wrote: the same bytes, read and written again.
//
//   peers FOLDER MILLISECONDS      prints lines of `peer shape direction nanoseconds allocations bytes`
#include <cbor.h>
#include <dlfcn.h>
#include <msgpack.h>
#include <simdjson.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

static uint64_t now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return uint64_t(time.tv_sec) * 1000000000 + uint64_t(time.tv_nsec);
}

static uint64_t budget;
static uint64_t (*counter)();

template <typename Body>
static void measure(const char *peer, const std::string &shape, const char *direction, size_t bytes, Body body) {
    auto run = [&](uint64_t count) {
        uint64_t start = now();
        for (uint64_t i = 0; i < count; i++) body();
        return now() - start;
    };
    uint64_t count = 1, taken = 0;
    while (taken < budget / 10) {
        count *= 2;
        taken = run(count);
    }
    count = uint64_t(double(count) * double(budget) / double(taken)) + 1;
    uint64_t before = counter ? counter() : 0;
    taken = run(count);
    std::printf("%s %s %s %.2f ", peer, shape.c_str(), direction, double(taken) / double(count));
    if (counter)
        std::printf("%.3f", double(counter() - before) / double(count));
    else
        std::printf("-");
    std::printf(" %zu\n", bytes);
}

static std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

static void require(bool condition, const char *what) {
    if (condition) return;
    std::fprintf(stderr, "peers: %s\n", what);
    std::exit(1);
}

static void simd(const std::string &folder, const std::string &shape) {
    simdjson::padded_string text(read(folder + "/" + shape + ".json"));
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    require(parser.parse(text).get(root) == simdjson::SUCCESS, "simdjson refuses what we wrote");
    measure("simdjson", shape, "decode", text.size(), [&] {
        simdjson::dom::element element;
        require(parser.parse(text).get(element) == simdjson::SUCCESS, "simdjson refuses what we wrote");
    });
    require(parser.parse(text).get(root) == simdjson::SUCCESS, "simdjson refuses what we wrote");
    measure("simdjson", shape, "encode", text.size(), [&] {
        simdjson::internal::string_builder<> builder;
        builder.append(root);
        require(builder.str().size() > 0, "simdjson writes nothing");
    });
}

static void messagePack(const std::string &folder, const std::string &shape) {
    std::string bytes = read(folder + "/" + shape + ".msgpack");
    msgpack_unpacked kept;
    msgpack_unpacked_init(&kept);
    require(msgpack_unpack_next(&kept, bytes.data(), bytes.size(), nullptr) == MSGPACK_UNPACK_SUCCESS, "msgpack-c refuses what we wrote");
    measure("msgpack-c", shape, "decode", bytes.size(), [&] {
        msgpack_unpacked unpacked;
        msgpack_unpacked_init(&unpacked);
        require(msgpack_unpack_next(&unpacked, bytes.data(), bytes.size(), nullptr) == MSGPACK_UNPACK_SUCCESS,
                "msgpack-c refuses what we wrote");
        msgpack_unpacked_destroy(&unpacked);
    });
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    measure("msgpack-c", shape, "encode", bytes.size(), [&] {
        msgpack_sbuffer_clear(&buffer);
        msgpack_packer packer;
        msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
        require(msgpack_pack_object(&packer, kept.data) == 0, "msgpack-c does not write");
    });
    require(std::string(buffer.data, buffer.size) == bytes, "msgpack-c writes other bytes than we do");
    msgpack_sbuffer_destroy(&buffer);
    msgpack_unpacked_destroy(&kept);
}

static void conciseBinary(const std::string &folder, const std::string &shape) {
    std::string bytes = read(folder + "/" + shape + ".cbor");
    auto data = reinterpret_cast<cbor_data>(bytes.data());
    cbor_load_result result;
    cbor_item_t *kept = cbor_load(data, bytes.size(), &result);
    require(kept != nullptr && result.read == bytes.size(), "libcbor refuses what we wrote");
    measure("libcbor", shape, "decode", bytes.size(), [&] {
        cbor_load_result outcome;
        cbor_item_t *item = cbor_load(data, bytes.size(), &outcome);
        require(item != nullptr, "libcbor refuses what we wrote");
        cbor_decref(&item);
    });
    std::string output(bytes.size() + 64, 0);
    measure("libcbor", shape, "encode", bytes.size(), [&] {
        require(cbor_serialize(kept, reinterpret_cast<unsigned char *>(output.data()), output.size()) == bytes.size(),
                "libcbor writes other bytes than we do");
    });
    cbor_decref(&kept);
}

int main(int count, char **arguments) {
    require(count == 3, "usage: peers FOLDER MILLISECONDS");
    budget = std::strtoull(arguments[2], nullptr, 10) * 1000000;
    counter = reinterpret_cast<uint64_t (*)()>(dlsym(RTLD_DEFAULT, "benchmark_allocations"));
    for (std::string shape : {"record", "numbers", "tree", "text", "bytes"}) {
        simd(arguments[1], shape);
        messagePack(arguments[1], shape);
        conciseBinary(arguments[1], shape);
    }
}
