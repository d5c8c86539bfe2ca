// A OneRing server inside a program of your own.
#include <iostream>

#include <onering/server/server.h>
#include <onering/store/sqlite/sqlite-store.h>

// Your accounts: whom a token names. Ask your own service here; call `done` when it has answered.
struct Accounts final : onering::Authenticator {
  void authenticate(std::string token, Done done) override {
    if (token == "secret-of-ada") {
      return done(onering::Principal{.user = "ada", .display = "Ada Lovelace", .expiresAt = {}});
    }
    done(std::unexpected(onering::rejection(onering::ErrorCode::unauthenticated)));
  }
};

int main(int argc, char** argv) {
  auto store = onering::SqliteStore::open({.path = argc > 1 ? argv[1] : "notes.db"});
  if (!store) {
    std::cerr << store.error().detail << '\n';
    return 1;
  }
  onering::ServerOptions options{.listen = "127.0.0.1:0", .store = std::move(*store)};
  options.authenticator = std::make_shared<Accounts>();
  auto server = onering::Server::create(std::move(options));
  if (!server) {
    std::cerr << server.error().message << '\n';
    return 1;
  }
  (*server)->start();
  std::cout << "ws://" << (*server)->boundAddress() << "/sync; Enter stops" << std::endl;
  std::cin.get();
}
