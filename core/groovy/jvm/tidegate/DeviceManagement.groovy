package tidegate

/** What extractors know as `deviceManagement`: every call fails by its name. */
class DeviceManagement {
    def methodMissing(String name, Object arguments) {
        throw new NoRegistry("deviceManagement." + name, NoRegistry.LOOK_UP)
    }

    def propertyMissing(String name) {
        throw new NoRegistry("deviceManagement." + name, NoRegistry.LOOK_UP)
    }
}
