#include "onering/store/memory/memory-store.h"

#include "subjects.h"

namespace onering::testing {
namespace {

class MemorySubject final : public DeviceSubject {
 public:
  DeviceStore& store() override { return store_; }
  void reopen() override {}  // it lasts as long as the object

 private:
  MemoryStore store_;
};

const RegisterDevice kMemory("memory", [] { return std::make_unique<MemorySubject>(); });

}  // namespace
}  // namespace onering::testing
