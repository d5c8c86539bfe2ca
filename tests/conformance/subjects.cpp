#include "subjects.h"

namespace onering::testing {

std::vector<Registered<StoreSubject>>& storeSubjects() {
  static std::vector<Registered<StoreSubject>> subjects;
  return subjects;
}

std::vector<Registered<DeviceSubject>>& deviceSubjects() {
  static std::vector<Registered<DeviceSubject>> subjects;
  return subjects;
}

RegisterStore::RegisterStore(std::string name, std::function<std::unique_ptr<StoreSubject>()> make) {
  storeSubjects().push_back({std::move(name), std::move(make)});
}

RegisterDevice::RegisterDevice(std::string name, std::function<std::unique_ptr<DeviceSubject>()> make) {
  storeSubjects().push_back({name, make});
  deviceSubjects().push_back({std::move(name), std::move(make)});
}

}  // namespace onering::testing
