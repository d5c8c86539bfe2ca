// Frames of a client that has a valid token: codec, authority, store in memory. Each piece of the input is a frame.
#include "onering/store/memory/memory-store.h"
#include "onering/sync/authority.h"
#include "onering/wire/codec.h"

#include "fuzz.h"

namespace onering::fuzz {

namespace {

class Server {
 public:
  void hear(std::string_view frame) {
    const Limits limits;
    now_ += Duration{1};
    if (authority_.sessionCount() == 0) {
      authority_.connected(++session_);
      carryOut(authority_.received(session_, Hello{.version = kProtocolVersion, .token = "ann", .device = {}}, now_));
    }
    auto message = decodeReplicaMessage(frame, limits.messageBytes);
    if (!message) {
      carryOut(authority_.refused(session_, message.error()));
      return;
    }
    require(encode(*message).size() <= frame.size() + limits.messageBytes, "a message grows when it is said again");
    carryOut(authority_.received(session_, *std::move(message), now_));
  }

  void finish() {
    carryOut(authority_.tick(now_ + Duration{60'000}));
    require(authority_.idle(), "the authority is not done");
    require(store_.integrity().value().empty(), "the store is damaged");
  }

 private:
  void carryOut(AuthorityActions actions) {
    for (AuthorityAction& action : actions) {
      if (auto* send = std::get_if<SendAction>(&action)) {
        const std::string bytes = encode(send->message);
        require(bytes.size() <= Limits{}.messageBytes, "a message is over the bound");
        require(decodeAuthorityMessage(bytes, Limits{}.messageBytes).has_value(), "what is said cannot be read");
      } else if (auto* ask = std::get_if<AskAction>(&action)) {
        carryOut(authority_.answered(ask->ticket, perform(store_, ask->question, {}), now_));
      } else if (auto* who = std::get_if<AuthenticateAction>(&action)) {
        carryOut(
            authority_.authenticated(who->session, Principal{.user = "ann", .display = {}, .expiresAt = {}}, now_));
      }
    }
  }

  MemoryStore store_;
  Authority authority_{AuthorityOptions{}};
  SessionId session_ = 0;
  Time now_ = timeFromMs(1'700'000'000'000);
};

}  // namespace

}  // namespace onering::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  onering::fuzz::Server server;
  onering::fuzz::Pieces pieces(onering::fuzz::viewOf(data, size));
  while (const auto frame = pieces.next()) server.hear(*frame);
  server.finish();
  return 0;
}
