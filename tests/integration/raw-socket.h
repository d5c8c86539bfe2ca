// A TCP connection and the bytes on it, for saying what no proper client would say. Blocking, with a time limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "onering/domain/message.h"

namespace onering::testing {

struct HttpAnswer {
  int status = 0;
  std::string head;  // header lines, as they came
  std::string body;

  // The header's value, or nothing; the name as the server writes it.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

struct Frame {
  int opcode = 0;  // 1 text, 2 binary, 8 close, 9 ping, 10 pong
  std::string payload;

  [[nodiscard]] int closeCode() const;
};

class RawSocket {
 public:
  // Throws when it cannot connect. `receiveBytes`: of the kernel's buffer, to be a slow reader.
  explicit RawSocket(std::uint16_t port, std::optional<int> receiveBytes = {});
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  // How many bytes were taken before the other side closed.
  std::size_t send(std::string_view bytes);
  // False: the other side has closed.
  [[nodiscard]] bool isOpenAfter(std::chrono::milliseconds time);

  // --- HTTP ---
  [[nodiscard]] HttpAnswer ask(std::string_view request);
  [[nodiscard]] HttpAnswer get(std::string_view target, std::string_view headers = "");

  // --- WebSocket, as far as a test needs it ---
  // The answer to the upgrade request: 101 when it was taken.
  [[nodiscard]] HttpAnswer upgrade(std::string_view headers = "", std::string_view protocols = "onering.1");
  void sendFrame(int opcode, std::string_view payload);
  // The next frame that is no ping; nothing when the connection is closed first. Throws after the time limit.
  [[nodiscard]] std::optional<Frame> nextFrame();

  // --- the protocol ---
  void say(const ReplicaMessage& message);
  // The next message; nothing when the server closes, and lastClose() then says how.
  [[nodiscard]] std::optional<AuthorityMessage> hear();
  [[nodiscard]] int lastClose() const { return lastClose_; }

  // Upgraded, and welcome as `user`.
  void join(std::string_view user);

 private:
  [[nodiscard]] bool fill();
  [[nodiscard]] std::optional<std::string> take(std::size_t size);

  int socket_ = -1;
  std::string received_;
  int lastClose_ = 0;
};

}  // namespace onering::testing
