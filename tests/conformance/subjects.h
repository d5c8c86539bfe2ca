// The stores under test: a registry that feeds the suite every adapter.
//
// A subject is a store together with what lies under it, empty at first. Adding a store to the suite means
// registering how one is made, once for the part that the authority needs (Store), or for all of it (DeviceStore):
//
//   const RegisterStore postgres("postgres", [] { return std::make_unique<PostgresSubject>(); });
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "onering/ports/device-store.h"

namespace onering::testing {

class StoreSubject {
 public:
  virtual ~StoreSubject() = default;

  [[nodiscard]] virtual Store& store() = 0;

  // Closes the store and opens what it left. References from store() are dead after it.
  virtual void reopen() = 0;
};

class DeviceSubject : public StoreSubject {
 public:
  [[nodiscard]] DeviceStore& store() override = 0;
};

template <typename Subject>
struct Registered {
  std::string name;
  std::function<std::unique_ptr<Subject>()> make;
};

// All stores that keep the first part of the contract, those for devices included.
[[nodiscard]] std::vector<Registered<StoreSubject>>& storeSubjects();
[[nodiscard]] std::vector<Registered<DeviceSubject>>& deviceSubjects();

struct RegisterStore {
  RegisterStore(std::string name, std::function<std::unique_ptr<StoreSubject>()> make);
};

struct RegisterDevice {
  RegisterDevice(std::string name, std::function<std::unique_ptr<DeviceSubject>()> make);
};

template <typename Body>
void forEachStore(Body body) {
  for (const auto& registered : storeSubjects()) {
    DYNAMIC_SECTION(registered.name) {
      const auto subject = registered.make();
      body(*subject);
    }
  }
}

template <typename Body>
void forEachDevice(Body body) {
  for (const auto& registered : deviceSubjects()) {
    DYNAMIC_SECTION(registered.name) {
      const auto subject = registered.make();
      body(*subject);
    }
  }
}

// What the store answered; fails the test with the store's words where it did not.
template <typename T>
T got(StoreResult<T> result) {
  if (!result) {
    FAIL("store failed with fault " << static_cast<int>(result.error().fault) << ": " << result.error().detail);
  }
  if constexpr (!std::is_void_v<T>) {
    return *std::move(result);
  }
}

// The fault that the store answered with, or nothing where it succeeded.
template <typename T>
std::optional<StoreFault> faultOf(const StoreResult<T>& result) {
  return result ? std::nullopt : std::optional(result.error().fault);
}

}  // namespace onering::testing
