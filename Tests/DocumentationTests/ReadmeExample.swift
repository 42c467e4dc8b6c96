internal import Patchbay

// The README shows what stands between the marks, word for word; ReadmeTests compares.
// README begins
struct Greeting: Codable {
    var text: String
}

func serve(_ url: ConnectionURL) async throws {
    try await Listener.bind(url).run { connection in
        for try await greeting in connection.messages(of: Greeting.self) {
            try await connection.send(Greeting(text: "\(greeting.text) yourself"))
        }
    }
}

func greet(_ url: ConnectionURL) async throws -> String? {
    try await withConnection(to: url) { connection in
        try await connection.send(Greeting(text: "hello"))
        return try await connection.receive(as: Greeting.self)?.text
    }
}

// Interpolated values are percent-encoded, and hidden wherever the URL is printed.
func url(key: String, port: Int) -> ConnectionURL {
    "json+hmac+tcp://:\(key)@127.0.0.1:\(port: port)"
}
// README ends
