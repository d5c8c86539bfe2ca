// The bodies of Boost.JSON, compiled in this one place.
#include <boost/json/src.hpp>
