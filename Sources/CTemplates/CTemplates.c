// Written by scripts/templates: the list of the files of templates/, which the compiler reads.
#include "CTemplates.h"

// #embed is of C23; SwiftPM's own compiler, clang, has it in every version of C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char header[] = {
#embed "../CPatchbay/include/patchbay_plugin.h"
};
static const unsigned char file_0[] = {
#embed "../../templates/c/authenticator/acme.c"
};
static const unsigned char file_1[] = {
#embed "../../templates/c/authenticator/test/test.c"
};
static const unsigned char file_2[] = {
#embed "../../templates/c/codec/acme.c"
};
static const unsigned char file_3[] = {
#embed "../../templates/c/codec/test/test.c"
};
static const unsigned char file_4[] = {
#embed "../../templates/c/processor/acme.c"
};
static const unsigned char file_5[] = {
#embed "../../templates/c/processor/test/test.c"
};
static const unsigned char file_6[] = {
#embed "../../templates/c/shared/.gitignore"
};
static const unsigned char file_7[] = {
#embed "../../templates/c/shared/Makefile"
};
static const unsigned char file_8[] = {
#embed "../../templates/c/shared/README.md"
};
static const unsigned char file_9[] = {
#embed "../../templates/c/shared/test/host.h"
};
static const unsigned char file_10[] = {
#embed "../../templates/c/transport/acme.c"
};
static const unsigned char file_11[] = {
#embed "../../templates/c/transport/test/test.c"
};
static const unsigned char file_12[] = {
#embed "../../templates/manifest/processor/acme.patchbay.json"
};
static const unsigned char file_13[] = {
#embed "../../templates/manifest/shared/README.md"
};
static const unsigned char file_14[] = {
#embed "../../templates/rust/authenticator/metadata.json"
};
static const unsigned char file_15[] = {
#embed "../../templates/rust/authenticator/src/lib.rs"
};
static const unsigned char file_16[] = {
#embed "../../templates/rust/codec/metadata.json"
};
static const unsigned char file_17[] = {
#embed "../../templates/rust/codec/src/lib.rs"
};
static const unsigned char file_18[] = {
#embed "../../templates/rust/codec/src/reading.rs"
};
static const unsigned char file_19[] = {
#embed "../../templates/rust/codec/src/writing.rs"
};
static const unsigned char file_20[] = {
#embed "../../templates/rust/processor/metadata.json"
};
static const unsigned char file_21[] = {
#embed "../../templates/rust/processor/src/lib.rs"
};
static const unsigned char file_22[] = {
#embed "../../templates/rust/shared/.gitignore"
};
static const unsigned char file_23[] = {
#embed "../../templates/rust/shared/Cargo.toml"
};
static const unsigned char file_24[] = {
#embed "../../templates/rust/shared/README.md"
};
static const unsigned char file_25[] = {
#embed "../../templates/rust/shared/src/patchbay.rs"
};
static const unsigned char file_26[] = {
#embed "../../templates/rust/transport/metadata.json"
};
static const unsigned char file_27[] = {
#embed "../../templates/rust/transport/src/lib.rs"
};
static const unsigned char file_28[] = {
#embed "../../templates/swift/authenticator/Sources/AcmeMetadata/AcmeMetadata.c"
};
static const unsigned char file_29[] = {
#embed "../../templates/swift/authenticator/Sources/AcmePlugin/AcmeAuthenticator.swift"
};
static const unsigned char file_30[] = {
#embed "../../templates/swift/authenticator/Sources/AcmePlugin/AcmePlugin.swift"
};
static const unsigned char file_31[] = {
#embed "../../templates/swift/authenticator/Tests/AcmePluginTests/AcmePluginTests.swift"
};
static const unsigned char file_32[] = {
#embed "../../templates/swift/codec/Sources/AcmeMetadata/AcmeMetadata.c"
};
static const unsigned char file_33[] = {
#embed "../../templates/swift/codec/Sources/AcmePlugin/AcmeCodec.swift"
};
static const unsigned char file_34[] = {
#embed "../../templates/swift/codec/Sources/AcmePlugin/AcmePlugin.swift"
};
static const unsigned char file_35[] = {
#embed "../../templates/swift/codec/Sources/AcmePlugin/AcmeReader.swift"
};
static const unsigned char file_36[] = {
#embed "../../templates/swift/codec/Sources/AcmePlugin/AcmeWriter.swift"
};
static const unsigned char file_37[] = {
#embed "../../templates/swift/codec/Tests/AcmePluginTests/AcmePluginTests.swift"
};
static const unsigned char file_38[] = {
#embed "../../templates/swift/processor/Sources/AcmeMetadata/AcmeMetadata.c"
};
static const unsigned char file_39[] = {
#embed "../../templates/swift/processor/Sources/AcmePlugin/AcmePlugin.swift"
};
static const unsigned char file_40[] = {
#embed "../../templates/swift/processor/Sources/AcmePlugin/AcmeProcessor.swift"
};
static const unsigned char file_41[] = {
#embed "../../templates/swift/processor/Tests/AcmePluginTests/AcmePluginTests.swift"
};
static const unsigned char file_42[] = {
#embed "../../templates/swift/shared/.gitignore"
};
static const unsigned char file_43[] = {
#embed "../../templates/swift/shared/Package.swift"
};
static const unsigned char file_44[] = {
#embed "../../templates/swift/shared/README.md"
};
static const unsigned char file_45[] = {
#embed "../../templates/swift/shared/Sources/AcmeExport/Entry.swift"
};
static const unsigned char file_46[] = {
#embed "../../templates/swift/shared/Sources/AcmeMetadata/include/AcmeMetadata.h"
};
static const unsigned char file_47[] = {
#embed "../../templates/swift/shared/exports.map"
};
static const unsigned char file_48[] = {
#embed "../../templates/swift/transport/Sources/AcmeMetadata/AcmeMetadata.c"
};
static const unsigned char file_49[] = {
#embed "../../templates/swift/transport/Sources/AcmePlugin/AcmePlugin.swift"
};
static const unsigned char file_50[] = {
#embed "../../templates/swift/transport/Sources/AcmePlugin/AcmeSocket.swift"
};
static const unsigned char file_51[] = {
#embed "../../templates/swift/transport/Sources/AcmePlugin/AcmeTransport.swift"
};
static const unsigned char file_52[] = {
#embed "../../templates/swift/transport/Tests/AcmePluginTests/AcmePluginTests.swift"
};

static const struct ctemplates_file files[] = {
    {"patchbay_plugin.h", header, sizeof header},
    {"c/authenticator/acme.c", file_0, sizeof file_0},
    {"c/authenticator/test/test.c", file_1, sizeof file_1},
    {"c/codec/acme.c", file_2, sizeof file_2},
    {"c/codec/test/test.c", file_3, sizeof file_3},
    {"c/processor/acme.c", file_4, sizeof file_4},
    {"c/processor/test/test.c", file_5, sizeof file_5},
    {"c/shared/.gitignore", file_6, sizeof file_6},
    {"c/shared/Makefile", file_7, sizeof file_7},
    {"c/shared/README.md", file_8, sizeof file_8},
    {"c/shared/test/host.h", file_9, sizeof file_9},
    {"c/transport/acme.c", file_10, sizeof file_10},
    {"c/transport/test/test.c", file_11, sizeof file_11},
    {"manifest/processor/acme.patchbay.json", file_12, sizeof file_12},
    {"manifest/shared/README.md", file_13, sizeof file_13},
    {"rust/authenticator/metadata.json", file_14, sizeof file_14},
    {"rust/authenticator/src/lib.rs", file_15, sizeof file_15},
    {"rust/codec/metadata.json", file_16, sizeof file_16},
    {"rust/codec/src/lib.rs", file_17, sizeof file_17},
    {"rust/codec/src/reading.rs", file_18, sizeof file_18},
    {"rust/codec/src/writing.rs", file_19, sizeof file_19},
    {"rust/processor/metadata.json", file_20, sizeof file_20},
    {"rust/processor/src/lib.rs", file_21, sizeof file_21},
    {"rust/shared/.gitignore", file_22, sizeof file_22},
    {"rust/shared/Cargo.toml", file_23, sizeof file_23},
    {"rust/shared/README.md", file_24, sizeof file_24},
    {"rust/shared/src/patchbay.rs", file_25, sizeof file_25},
    {"rust/transport/metadata.json", file_26, sizeof file_26},
    {"rust/transport/src/lib.rs", file_27, sizeof file_27},
    {"swift/authenticator/Sources/AcmeMetadata/AcmeMetadata.c", file_28, sizeof file_28},
    {"swift/authenticator/Sources/AcmePlugin/AcmeAuthenticator.swift", file_29, sizeof file_29},
    {"swift/authenticator/Sources/AcmePlugin/AcmePlugin.swift", file_30, sizeof file_30},
    {"swift/authenticator/Tests/AcmePluginTests/AcmePluginTests.swift", file_31, sizeof file_31},
    {"swift/codec/Sources/AcmeMetadata/AcmeMetadata.c", file_32, sizeof file_32},
    {"swift/codec/Sources/AcmePlugin/AcmeCodec.swift", file_33, sizeof file_33},
    {"swift/codec/Sources/AcmePlugin/AcmePlugin.swift", file_34, sizeof file_34},
    {"swift/codec/Sources/AcmePlugin/AcmeReader.swift", file_35, sizeof file_35},
    {"swift/codec/Sources/AcmePlugin/AcmeWriter.swift", file_36, sizeof file_36},
    {"swift/codec/Tests/AcmePluginTests/AcmePluginTests.swift", file_37, sizeof file_37},
    {"swift/processor/Sources/AcmeMetadata/AcmeMetadata.c", file_38, sizeof file_38},
    {"swift/processor/Sources/AcmePlugin/AcmePlugin.swift", file_39, sizeof file_39},
    {"swift/processor/Sources/AcmePlugin/AcmeProcessor.swift", file_40, sizeof file_40},
    {"swift/processor/Tests/AcmePluginTests/AcmePluginTests.swift", file_41, sizeof file_41},
    {"swift/shared/.gitignore", file_42, sizeof file_42},
    {"swift/shared/Package.swift", file_43, sizeof file_43},
    {"swift/shared/README.md", file_44, sizeof file_44},
    {"swift/shared/Sources/AcmeExport/Entry.swift", file_45, sizeof file_45},
    {"swift/shared/Sources/AcmeMetadata/include/AcmeMetadata.h", file_46, sizeof file_46},
    {"swift/shared/exports.map", file_47, sizeof file_47},
    {"swift/transport/Sources/AcmeMetadata/AcmeMetadata.c", file_48, sizeof file_48},
    {"swift/transport/Sources/AcmePlugin/AcmePlugin.swift", file_49, sizeof file_49},
    {"swift/transport/Sources/AcmePlugin/AcmeSocket.swift", file_50, sizeof file_50},
    {"swift/transport/Sources/AcmePlugin/AcmeTransport.swift", file_51, sizeof file_51},
    {"swift/transport/Tests/AcmePluginTests/AcmePluginTests.swift", file_52, sizeof file_52},
};

size_t ctemplates_count(void) { return sizeof files / sizeof *files; }
struct ctemplates_file ctemplates_file(size_t index) { return files[index]; }
