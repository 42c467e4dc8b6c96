package import PatchbayCore

/// The code of the ``PatchbayError`` that `body` throws.
package func code(of body: () async throws -> Void) async -> PatchbayError.Code? {
    do {
        try await body()
        return nil
    } catch let error as PatchbayError {
        return error.code
    } catch {
        return PatchbayError.Code(rawValue: "\(error)")
    }
}
