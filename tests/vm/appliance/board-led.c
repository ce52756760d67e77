// SPDX-License-Identifier: GPL-2.0
// The LED that a Raspberry Pi has of its own, as far as the kernel shows it: it lights nothing.
#include <linux/leds.h>
#include <linux/module.h>

static void light_nothing(struct led_classdev *led, enum led_brightness brightness)
{
}

static struct led_classdev led = {
	.name = "ACT",
	.max_brightness = 1,
	.brightness_set = light_nothing,
};

static int __init add_led(void)
{
	return led_classdev_register(NULL, &led);
}

static void __exit remove_led(void)
{
	led_classdev_unregister(&led);
}

module_init(add_led);
module_exit(remove_led);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A LED that lights nothing");
