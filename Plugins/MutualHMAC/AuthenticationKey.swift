/// Keys for the `hmac` layer, as `patchbay key` prints them.
public enum AuthenticationKey {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// 43 characters, 258 random bits; each stands in a URL as it is. The text itself is the key: nothing decodes it.
    public static func generate() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(decoding: (0..<43).map { _ in alphabet[Int.random(in: 0..<64, using: &generator)] }, as: UTF8.self)
    }
}
