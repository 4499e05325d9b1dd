include(CMakeFindDependencyMacro)
find_dependency(Torch)
find_dependency(passerelle_loader HINTS ${CMAKE_CURRENT_LIST_DIR}/../passerelle_loader)  # its reader of the file format
include(${CMAKE_CURRENT_LIST_DIR}/passerelleTargets.cmake)
