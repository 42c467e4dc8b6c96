extension DecodingLimits {
    /// The options by which a value codec's limits are set in a URL.
    package static let optionSpecifications = [
        OptionSpecification(
            "duplicate-keys",
            .choice(["keep", "refuse"]),
            default: "keep",
            summary: "keep or refuse a key that comes twice in a map"
        ),
        OptionSpecification(
            "depth",
            .integer(1...greatestDepth),
            default: "128",
            summary: "how deep a received message may nest"
        ),
    ]

    /// The limits that a layer's options say.
    package init(_ options: Options) {
        self.init(depth: options.integer("depth") ?? 128, refusesDuplicateKeys: options.text("duplicate-keys") == "refuse")
    }
}
